// From one data plugin to another: with every version, and to a maker who takes only what is
// current.
#include "core/move/data_mover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <strata/plugin.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/service/stream_relay.h"
#include "tests/support/fake_host.h"

extern "C" {
const strata_plugin* strata_plugin_hosting_memory(std::uint32_t host_abi_minor);
const strata_plugin* strata_plugin_data_fhir(std::uint32_t host_abi_minor);
}

namespace strata::move {
namespace {

namespace v1 = data::v1;
using ::testing::HasSubstr;

// What the plugin of another maker does wrong.
struct Temper {
  bool loses = false;  // the next resource
};
Temper& TheTemper() {
  static Temper temper;
  return temper;
}

// A plugin of another maker: keeps what "records" keeps, without the newer parts of the contract.
class OtherMaker final : public v1::DataService {
 public:
  OtherMaker(Host host, std::string_view /*config*/) : records_(host, "records") {}

  Status Describe(Context& cx, const v1::DescribeRequest&,
                  v1::DescribeResponse* response) override {
    response->set_name("another maker's");
    v1::DescribeResponse below;
    STRATA_RETURN_IF_ERROR(records_.Describe(cx, {}, &below));
    response->set_fhir_version(below.fhir_version());
    return OkStatus();
  }
  Status Export(Context& cx, const v1::ExportRequest& request,
                Writer<v1::ExportResponse>& writer) override {
    return records_.Export(cx, request, [&](v1::ExportResponse& message) {
      message.clear_position();
      return writer.Write(message);
    });
  }
  Status Watch(Context& cx, const v1::WatchRequest& request,
               Writer<v1::WatchResponse>& writer) override {
    return records_.Watch(cx, request,
                          [&](v1::WatchResponse& message) { return writer.Write(message); });
  }
  Status Delete(Context& cx, const v1::DeleteRequest& request,
                v1::DeleteResponse* response) override {
    return records_.Delete(cx, request, response);
  }
  Status Import(Context& cx, Reader<v1::ImportRequest>& reader,
                Writer<v1::ImportResponse>& writer) override {
    const auto change = [](v1::ImportRequest* message) {
      for (const v1::ImportItem& item : message->items()) {
        if (item.has_version()) return Unimplemented("versions");
      }
      if (message->items_size() > 0 && std::exchange(TheTemper().loses, false)) {
        message->mutable_items()->RemoveLast();
      }
      return OkStatus();
    };
    return storage::service::RelayStream(reader, change, [&](auto source) {
      return records_.Import(cx, source,
                             [&](v1::ImportResponse& message) { return writer.Write(message); });
    });
  }

 private:
  const v1::DataClient records_;
};

const strata_plugin* OtherMakerPlugin() {
  return sdk::PluginTable<OtherMaker, v1::DataService>::Get({"test.other_maker", "1.0.0", "data"});
}

class DataMoverTest : public ::testing::Test {
 protected:
  DataMoverTest() {
    TheTemper() = {};
    std::string name = (std::filesystem::temp_directory_path() / "strata-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    Add("a", strata_plugin_hosting_memory(0), {});
    Add("b", strata_plugin_hosting_memory(0), {});
    Add("source", strata_plugin_data_fhir(0), {{"store", "a"}});
    Add("target", strata_plugin_data_fhir(0), {{"store", "b"}});
    Add("other", OtherMakerPlugin(), {{"records", "target"}});
    source_.emplace(host_.Client(), "source");
    target_.emplace(host_.Client(), "target");
    other_.emplace(host_.Client(), "other");
  }
  ~DataMoverTest() override { std::filesystem::remove_all(folder_); }

  void Add(const std::string& slot, const strata_plugin* plugin,
           const std::map<std::string, std::string>& bindings) {
    const Status added = host_.Add(slot, plugin, "{}", bindings);
    ASSERT_TRUE(added.ok()) << slot << ": " << added.ToString();
  }
  const Context& context() { return request_.context(); }

  void Put(const std::string& id, const std::string& text) {
    v1::UpdateRequest request;
    request.set_type("Basic");
    request.set_id(id);
    request.set_json(R"({"resourceType":"Basic","id":")" + id + R"(","code":{"text":")" + text +
                     R"("}})");
    v1::WriteResponse response;
    const Status status = source_->Update(context(), request, &response);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  void Delete(const std::string& id) {
    v1::DeleteRequest request;
    request.set_type("Basic");
    request.set_id(id);
    v1::DeleteResponse response;
    ASSERT_TRUE(source_->Delete(context(), request, &response).ok());
  }
  void Load() {
    for (int i = 0; i < 200; ++i) Put("p" + std::to_string(i), "0");
    Put("p1", "1");
    Delete("p2");
  }
  std::size_t Rows(bool all_versions) {
    v1::ExportRequest request;
    request.set_all_versions(all_versions);
    std::size_t rows = 0;
    EXPECT_TRUE(target_
                    ->Export(context(), request,
                             [&](v1::ExportResponse& message) {
                               rows += static_cast<std::size_t>(message.resources_size());
                               return true;
                             })
                    .ok());
    return rows;
  }
  DataMover MakeMover(const v1::DataClient& to) {
    DataMover::Options options;
    options.note_file = folder_ + "/note.json";
    return DataMover({&*source_, &to}, std::move(options));
  }

  std::string folder_;
  testing::FakeHost host_;
  testing::FakeRequest request_;
  std::optional<v1::DataClient> source_;
  std::optional<v1::DataClient> target_;
  std::optional<v1::DataClient> other_;
};

TEST_F(DataMoverTest, CarriesEveryVersionOver) {
  Load();
  DataMover mover = MakeMover(*target_);
  Status status = mover.Copy(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  Put("p1", "2");
  Delete("p3");
  status = mover.Finish(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(mover.versions());
  EXPECT_EQ(mover.source().ToString(), mover.target().ToString());
  EXPECT_EQ(Rows(/*all_versions=*/true), 204U);
  EXPECT_EQ(Rows(/*all_versions=*/false), 198U);
}

TEST_F(DataMoverTest, AnotherMakerGetsWhatIsCurrent) {
  Load();
  DataMover mover = MakeMover(*other_);
  Status status = mover.Copy(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  Put("p1", "2");
  Put("p1", "3");
  Put("p2", "again");
  Delete("p3");
  status = mover.Finish(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_FALSE(mover.versions());
  EXPECT_EQ(mover.target().count(), 199U);
  EXPECT_EQ(mover.source().ToString(), mover.target().ToString());
}

TEST_F(DataMoverTest, ACopyThatLosesAResourceIsFound) {
  Load();
  DataMover mover = MakeMover(*other_);
  TheTemper().loses = true;
  ASSERT_TRUE(mover.Copy(context()).ok());
  const Status status = mover.Finish(context());
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("Basic (199 and 198)"));
}

TEST_F(DataMoverTest, AnEarlierCopyIsGoneOnWith) {
  Load();
  {
    DataMover mover = MakeMover(*target_);
    ASSERT_TRUE(mover.Copy(context()).ok());
  }
  Put("p5", "5");
  DataMover mover = MakeMover(*target_);
  Status status = mover.Copy(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  status = mover.Finish(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(Rows(/*all_versions=*/true), 203U);
}

TEST_F(DataMoverTest, RefusesATargetWithOtherRecords) {
  Load();
  {
    DataMover mover = MakeMover(*target_);
    ASSERT_TRUE(mover.Copy(context()).ok());
  }
  std::filesystem::remove(folder_ + "/note.json");
  EXPECT_EQ(MakeMover(*target_).Copy(context()).code(), Code::kFailedPrecondition);
  EXPECT_EQ(MakeMover(*source_).Copy(context()).code(), Code::kFailedPrecondition);
}

v1::Resource Of(const std::string& json) {
  v1::Resource resource;
  resource.set_type("Basic");
  resource.set_id("1");
  resource.set_version_id("1");
  resource.set_json(json);
  return resource;
}

std::string SumOf(const std::string& json, bool versions) {
  ResourceSums sums(versions);
  EXPECT_TRUE(sums.Put(Of(json)).ok());
  return sums.ToString();
}

TEST(ResourceSums, DoesNotDependOnHowJsonIsLaidOut) {
  const std::string a = SumOf(R"({"a":{"x":1.10,"y":["\u0041"]},"b":true})", true);
  EXPECT_EQ(SumOf(R"({ "b" : true, "a" : {"y":["A"], "x":1.10} })", true), a);
  EXPECT_NE(SumOf(R"({"a":{"x":1.1,"y":["A"]},"b":true})", true), a);
  EXPECT_NE(SumOf(R"({"a":{"x":1.10,"y":"A"},"b":true})", true), a);
  EXPECT_NE(SumOf(R"({"a":{"x":1.10,"y":["A"],"b":true}})", true), a);
}

TEST(ResourceSums, LeavesStampsOutWhereTheyMayDiffer) {
  const std::string bare = R"({"b":1})";
  const std::string stamped = R"({"b":1,"meta":{"versionId":"7","lastUpdated":"2026"}})";
  const std::string tagged = R"({"b":1,"meta":{"versionId":"7","tag":[]}})";
  EXPECT_EQ(SumOf(bare, false), SumOf(stamped, false));
  EXPECT_NE(SumOf(bare, true), SumOf(stamped, true));
  EXPECT_NE(SumOf(bare, false), SumOf(tagged, false));
}

TEST(ResourceSums, TakesTheLastOfEach) {
  ResourceSums sums(false);
  ASSERT_TRUE(sums.Put(Of(R"({"b":1})")).ok());
  ASSERT_TRUE(sums.Put(Of(R"({"b":2})")).ok());
  EXPECT_EQ(sums.ToString(), SumOf(R"({"b":2})", false));
  v1::Resource gone = Of("");
  gone.set_change(v1::CHANGE_DELETED);
  ASSERT_TRUE(sums.Put(gone).ok());
  EXPECT_EQ(sums.count(), 0U);
  EXPECT_EQ(sums.ToString(), ResourceSums(false).ToString());
  EXPECT_FALSE(sums.Put(Of("no json")).ok());
}

}  // namespace
}  // namespace strata::move
