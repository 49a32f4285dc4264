#include <gtest/gtest.h>

#include <string>

#include "plugins/service_fhir_api/outcome.h"
#include "tests/services/fake_data.h"

namespace strata::fhir_api {
namespace {

using testing::DataError;

TEST(HttpStatusTable, HoldsEachRow) {
  struct Case {
    Code code;
    const char* issue;
    int http;
  };
  for (const Case& one : {Case{Code::kNotFound, "deleted", 410},
                          {Code::kNotFound, "not-found", 404},
                          {Code::kNotFound, "not-supported", 404},
                          {Code::kFailedPrecondition, "not-found", 412},
                          {Code::kInvalidArgument, "duplicate", 400},
                          {Code::kFailedPrecondition, "multiple-matches", 412},
                          {Code::kFailedPrecondition, "conflict", 412},
                          {Code::kAborted, "conflict", 409},
                          {Code::kAlreadyExists, "duplicate", 409},
                          {Code::kAborted, "lock-error", 409},
                          {Code::kResourceExhausted, "too-long", 413},
                          {Code::kInvalidArgument, "too-costly", 422},
                          {Code::kResourceExhausted, "throttled", 429},
                          {Code::kResourceExhausted, "no-store", 507},
                          {Code::kDeadlineExceeded, "timeout", 504},
                          {Code::kUnauthenticated, "login", 401},
                          {Code::kPermissionDenied, "forbidden", 403},
                          {Code::kPermissionDenied, "security", 403},
                          {Code::kInvalidArgument, "structure", 400},
                          {Code::kInvalidArgument, "value", 400},
                          {Code::kInvalidArgument, "not-supported", 400},
                          {Code::kInvalidArgument, "business-rule", 422},
                          {Code::kInvalidArgument, "code-invalid", 422},
                          {Code::kInvalidArgument, "invariant", 422},
                          {Code::kInvalidArgument, "processing", 422},
                          {Code::kFailedPrecondition, "business-rule", 422},
                          {Code::kUnimplemented, "not-supported", 501},
                          {Code::kInvalidArgument, "", 400},
                          {Code::kOutOfRange, "", 400},
                          {Code::kNotFound, "", 404},
                          {Code::kAlreadyExists, "", 409},
                          {Code::kAborted, "", 409},
                          {Code::kFailedPrecondition, "", 412},
                          {Code::kPermissionDenied, "", 403},
                          {Code::kUnauthenticated, "", 401},
                          {Code::kResourceExhausted, "", 429},
                          {Code::kDeadlineExceeded, "", 504},
                          {Code::kUnavailable, "", 503},
                          {Code::kCancelled, "", 504},
                          {Code::kDataLoss, "", 500},
                          {Code::kInternal, "", 500},
                          {Code::kUnknown, "", 500}}) {
    EXPECT_EQ(HttpStatus(one.code, one.issue), one.http) << CodeName(one.code) << " " << one.issue;
  }
}

TEST(OutcomeJson, ShowsTheIssuesOfTheLayerBelow) {
  const Status status = DataError(Code::kNotFound, "deleted", "it was \"deleted\"");

  EXPECT_EQ(HttpStatus(status), 410);
  EXPECT_EQ(OutcomeJson(status),
            R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"deleted",)"
            R"("diagnostics":"it was \"deleted\""}]})");
}

TEST(OutcomeJson, MakesOneOfABareStatus) {
  EXPECT_EQ(OutcomeJson(Unavailable("the store is starting")),
            R"({"resourceType":"OperationOutcome","issue":[{"severity":"error",)"
            R"("code":"transient","diagnostics":"the store is starting"}]})");
}

TEST(OutcomeJson, SurvivesDetailsThatAreNoOutcome) {
  const Status status = NotFound("x").WithDetails("\xFF\xFFgarbage");

  EXPECT_EQ(HttpStatus(status), 404);
  EXPECT_NE(OutcomeJson(status).find("\"not-found\""), std::string::npos);
}

}  // namespace
}  // namespace strata::fhir_api
