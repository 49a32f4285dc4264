// The packages that strata_add_plugin() builds, loaded as the core loads them.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <strata/plugin.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "sdktest/v1/store.strata.h"
#include "tests/support/fake_host.h"

namespace strata {
namespace {

const std::filesystem::path kPackage = SDKTEST_PACKAGE;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Package, ThePluginLoadsAndServes) {
  void* library = dlopen((kPackage / "plugin.so").c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  ASSERT_NE(library, nullptr) << dlerror();
  const auto entry = reinterpret_cast<strata_plugin_v1_fn>(dlsym(library, "strata_plugin_v1"));
  ASSERT_NE(entry, nullptr);
  testing::FakeHost host;
  ASSERT_TRUE(host.Add("mem", entry(STRATA_ABI_MINOR)).ok());
  testing::FakeRequest request;
  sdktest::v1::GetRequest get;
  get.set_id("x");

  sdktest::v1::Record record;
  const Status status =
      sdktest::v1::StoreClient(host.Client()).Get(request.context(), get, &record);

  EXPECT_EQ(status.ToString(), "NOT_FOUND: no record x");
}

TEST(Package, ListsEveryFileWithItsDigest) {
  const std::string manifest = ReadFile(kPackage / "manifest.json");

  EXPECT_NE(manifest.find("\"plugin.so\" : \""), std::string::npos);
  EXPECT_NE(manifest.find("\"static/style.css\" : \"" SDKTEST_STYLE_SHA256 "\""), std::string::npos)
      << manifest;
  EXPECT_EQ(ReadFile(kPackage / "static/style.css"), "body { color: black }\n");
}

}  // namespace
}  // namespace strata
