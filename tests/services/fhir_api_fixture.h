#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/json.h"
#include "tests/services/browser.h"
#include "tests/services/fake_data.h"
#include "tests/support/fake_host.h"

extern "C" const strata_plugin* strata_plugin_service_fhir_api(uint32_t host_abi_minor);

namespace strata::testing {

// The FHIR API over a fake data layer.
class FhirApiFixture : public ::testing::Test {
 protected:
  void SetUp() override { Start("{}"); }

  void Start(std::string_view config) {
    host_ = std::make_unique<FakeHost>();
    ASSERT_TRUE(host_->Add("record", FakeData::Plugin(), data_.Config()).ok());
    const Status status =
        host_->Add("fhir", strata_plugin_service_fhir_api(0), config, {{"record", "record"}});
    ASSERT_TRUE(status.ok()) << status.ToString();
    browser_ = std::make_unique<Browser>(*host_, "fhir", "/fhir");
  }

  // The answer is an OperationOutcome with that status and issue code.
  static void ExpectOutcome(const HttpAnswer& answer, std::uint32_t code, std::string_view issue) {
    EXPECT_EQ(answer.code, code);
    auto outcome = json::Document::Parse(answer.body);
    ASSERT_TRUE(outcome.ok()) << answer.body;
    const json::Value root = (*outcome).root();
    EXPECT_EQ(root["resourceType"].string(), "OperationOutcome");
    EXPECT_EQ(root["issue"].At(0)["code"].string(), issue) << answer.body;
    EXPECT_EQ(answer.Header("content-type"), "application/fhir+json; charset=utf-8");
  }

  FakeData data_;
  std::unique_ptr<FakeHost> host_;
  std::unique_ptr<Browser> browser_;
};

}  // namespace strata::testing
