#include "core/trial/patient.h"

#include <gtest/gtest.h>

#include "core/sdk/strata/abi.h"
#include "strata/common/v1/common.pb.h"
#include "strata/data/v1/data.pb.h"
#include "strata/service/v1/service.pb.h"

namespace strata::trial {
namespace {

std::string Find(const std::string& method, const google::protobuf::MessageLite& first,
                 const std::string& auth = "") {
  const std::string bytes = first.SerializeAsString();
  return MakePatientFinder()->Find(method, abi::Bytes(bytes), abi::Bytes(auth));
}

std::string InData(const std::string& name, const google::protobuf::MessageLite& first) {
  return Find("/strata.data.v1.Data/" + name, first);
}

std::string InHttp(const std::string& path, const std::string& query = "",
                   const std::string& body = "") {
  service::v1::HandleRequest request;
  request.mutable_head()->set_path(path);
  request.mutable_head()->set_query(query);
  request.set_body(body);
  return Find("/strata.service.v1.DigitalService/Handle", request);
}

TEST(PatientFinder, ReadsReferences) {
  EXPECT_EQ(PatientOfReference("Patient/42", false), "42");
  EXPECT_EQ(PatientOfReference("http://host/fhir/Patient/42/_history/3", false), "42");
  EXPECT_EQ(PatientOfReference("42", true), "42");
  EXPECT_EQ(PatientOfReference("42", false), "");
  EXPECT_EQ(PatientOfReference("Group/42", true), "");
  EXPECT_EQ(PatientOfReference("Patient/1,Patient/2", true), "");
}

TEST(PatientFinder, KnowsTheDataContract) {
  data::v1::ReadRequest read;
  read.set_type("Patient");
  read.set_id("42");
  EXPECT_EQ(InData("Read", read), "42");
  read.set_type("Observation");
  EXPECT_EQ(InData("Read", read), "");

  data::v1::SearchRequest search;
  search.set_type("Observation");
  data::v1::Parameter* const parameter = search.add_parameters();
  parameter->set_name("subject");
  parameter->set_value("Patient/42");
  EXPECT_EQ(InData("Search", search), "42");
  parameter->set_name("_id");
  EXPECT_EQ(InData("Search", search), "");
  search.set_compartment_type("Patient");
  search.set_compartment_id("43");
  EXPECT_EQ(InData("Search", search), "43");

  data::v1::UpdateRequest update;
  update.set_type("Observation");
  update.set_id("o");
  update.set_json(R"({"resourceType":"Observation","subject":{"reference":"Patient/42"}})");
  EXPECT_EQ(InData("Update", update), "42");
  update.set_json("{broken");
  EXPECT_EQ(InData("Update", update), "");
  EXPECT_EQ(InData("Describe", data::v1::DescribeRequest()), "");
}

TEST(PatientFinder, KnowsExchanges) {
  EXPECT_EQ(InHttp("/fhir/Patient/42"), "42");
  EXPECT_EQ(InHttp("/fhir/Patient/42/Observation"), "42");
  EXPECT_EQ(InHttp("/record/a%20b/letters"), "a b");
  EXPECT_EQ(InHttp("/fhir/Patient/_search", "_id=42"), "42");
  EXPECT_EQ(InHttp("/fhir/Patient/$export"), "");
  EXPECT_EQ(InHttp("/fhir/Observation", "patient=Patient%2F42"), "42");
  EXPECT_EQ(InHttp("/fhir/Observation", "code=%zz"), "");
  EXPECT_EQ(InHttp("/fhir/Observation", "",
                   R"({"resourceType":"Observation","subject":{"reference":"Patient/42"}})"),
            "42");
  EXPECT_EQ(InHttp("/"), "");
}

TEST(PatientFinder, TakesTheCallersOwnPatientFirst) {
  common::v1::AuthContext caller;
  caller.set_patient_id("7");
  data::v1::ReadRequest read;
  read.set_type("Patient");
  read.set_id("42");
  EXPECT_EQ(Find("/strata.data.v1.Data/Read", read, caller.SerializeAsString()), "7");
}

}  // namespace
}  // namespace strata::trial
