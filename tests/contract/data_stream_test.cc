// History, import, export and watch; and that texts come back as they were.
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "tests/contract/data_fixture.h"

namespace strata::contract {
namespace {

class DataStreams : public DataContract {
 protected:
  static std::string Patient(int id, std::string_view family = "A") {
    return R"({"resourceType":"Patient","id":"p)" + std::to_string(id) +
           R"(","name":[{"family":")" + std::string(family) + "\"}]}";
  }

  // Fixtures are made by the framework; this one is not a test of its own.
  class Store final : public DataContract {
   private:
    void TestBody() override {}
  };
  static std::unique_ptr<DataContract> AnotherStore() { return std::make_unique<Store>(); }

  // What a watch that ends at the end sends, and the cursor behind it.
  std::vector<data::Resource> Watch(std::string* cursor) {
    data::WatchRequest request;
    request.set_cursor(*cursor);
    request.set_stop_at_end(true);
    request.set_with_json(true);
    std::vector<data::Resource> all;
    const Status status = client().Watch(cx(), request, [&](data::WatchResponse& message) {
      for (auto& resource : *message.mutable_resources()) all.push_back(std::move(resource));
      if (!message.cursor().empty()) *cursor = message.cursor();
      return true;
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return all;
  }
};

TEST_P(DataStreams, HistoriesAreNewestFirstAndPagesStandStill) {
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(Update("Patient", "p1", Patient(1, std::to_string(i))).ok());
    ASSERT_TRUE(Create("Observation", R"({"resourceType":"Observation"})").ok());
  }
  ASSERT_TRUE(Delete("Patient", "p1").ok());
  data::HistoryRequest instance, type, system;
  instance.set_type("Patient");
  instance.set_id("p1");
  type.set_type("Patient");
  for (data::HistoryRequest* request : {&instance, &type, &system}) request->set_count(3);

  std::string token;
  ASSERT_EQ(History(type, &token)->size(), 3u);
  ASSERT_TRUE(Update("Patient", "p1", Patient(1, "later")).ok());
  type.set_page_token(token);
  std::string next;
  std::vector<std::string> second_page;
  ASSERT_TRUE(client()
                  .History(cx(), type,
                           [&](data::HistoryResponse& message) {
                             for (const auto& each : message.resources()) {
                               second_page.push_back(each.version_id());
                             }
                             return true;
                           })
                  .ok());
  type.clear_page_token();
  const auto versions = History(instance);

  EXPECT_EQ(second_page, (std::vector<std::string>{"5", "4", "3"}));
  ASSERT_EQ(versions->size(), 9u);
  EXPECT_EQ(versions->front().version_id(), "9");
  EXPECT_EQ((*versions)[1].change(), data::CHANGE_DELETED);
  EXPECT_TRUE((*versions)[1].json().empty());
  EXPECT_EQ(History(type)->size(), 9u);
  EXPECT_EQ(History(system)->size(), 16u);
}

TEST_P(DataStreams, ForeignTokensAreRefused) {
  for (int i = 0; i < 4; ++i)
    ASSERT_TRUE(Update("Patient", "p1", Patient(1, std::to_string(i))).ok());
  data::HistoryRequest request;
  request.set_count(1);
  std::string token;
  ASSERT_TRUE(History(request, &token).ok());
  const auto refused = [&](data::HistoryRequest changed, std::string with) {
    changed.set_page_token(with);
    return client().History(cx(), changed, [](data::HistoryResponse&) { return true; });
  };
  std::string forged = token;
  forged.back() = forged.back() == 'A' ? 'E' : 'A';
  data::HistoryRequest other = request;
  other.set_type("Patient");

  EXPECT_TRUE(refused(request, token).ok());
  EXPECT_EQ(refused(request, forged).code(), Code::kInvalidArgument);
  EXPECT_EQ(refused(other, token).code(), Code::kInvalidArgument);
  EXPECT_EQ(refused(request, "x").code(), Code::kInvalidArgument);
}

TEST_P(DataStreams, HistoryKnowsSinceAndAt) {
  constexpr std::int64_t kSecond = 1'000'000;
  for (int i = 1; i <= 4; ++i) {
    host().SetNowUs(i * 10 * kSecond);
    ASSERT_TRUE(Update("Patient", "p1", Patient(1, std::to_string(i))).ok());
  }
  for (const std::string type : {"", "Patient"}) {
    data::HistoryRequest since, at;
    since.set_type(type);
    since.set_since_us(30 * kSecond);
    at.set_type(type);
    at.set_at_begin_us(25 * kSecond);
    at.set_at_end_us(35 * kSecond);
    EXPECT_EQ(History(since)->size(), 2u);
    const auto within = History(at);
    ASSERT_EQ(within->size(), 2u);
    EXPECT_EQ(within->front().version_id(), "3");
    EXPECT_EQ(within->back().version_id(), "2");
  }
}

TEST_P(DataStreams, ImportKeepsIdsAndOrderAndNamesWhatItRefuses) {
  std::vector<std::string> texts;
  for (int i = 0; i < 2500; ++i) texts.push_back(Patient(i % 1200, std::to_string(i)));
  texts[17] = "{";
  texts[18] = R"({"resourceType":"Nonsense"})";
  texts.push_back(R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":)" +
                  Patient(5000) + R"(},{"resource":{"resourceType":"Patient","id":"a b"}}]})");
  texts.push_back(R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
                  Patient(5001) + R"(,"request":{"method":"PUT","url":"Patient/p5002"}}]})");

  std::uint64_t resources = 0;
  const auto faults = Import(texts, &resources);

  ASSERT_EQ(faults.size(), 4u);
  std::set<std::pair<std::uint64_t, std::int64_t>> places;
  for (const auto& fault : faults) places.emplace(fault.item(), fault.entry());
  EXPECT_EQ(places, (std::set<std::pair<std::uint64_t, std::int64_t>>{
                        {18, -1}, {19, -1}, {2501, 1}, {2502, 0}}));
  EXPECT_EQ(resources, 2499u);
  // The last text of each id won.
  const auto last = Read("Patient", "p99");
  EXPECT_NE(last->resource().json().find("\"2499\""), std::string::npos);
  EXPECT_EQ(last->resource().version_id(), "3");
  EXPECT_TRUE(Read("Patient", "p5000").ok());
}

TEST_P(DataStreams, ASecondStoreFedWithAnExportAnswersTheSame) {
  ASSERT_TRUE(Update("Patient", "p1", Patient(1, "A")).ok());
  ASSERT_TRUE(Update("Patient", "p1", Patient(1, "B")).ok());
  ASSERT_TRUE(Update("Patient", "p2", Patient(2)).ok());
  ASSERT_TRUE(Delete("Patient", "p2").ok());
  const auto current = Export();
  const auto everything = Export(/*all_versions=*/true);

  ASSERT_EQ(current.size(), 1u);
  EXPECT_EQ(everything.size(), 4u);
  const std::unique_ptr<DataContract> second = AnotherStore();
  ASSERT_TRUE(second->Import({current[0].json()}).empty());
  EXPECT_EQ(second->Read("Patient", "p1")->resource().json(),
            Read("Patient", "p1")->resource().json());
}

// Faults of the import.
int ImportVersions(DataContract& store, const std::vector<data::Resource>& versions) {
  data::ImportRequest request;
  for (const data::Resource& version : versions) {
    data::ImportItem* const item = request.add_items();
    item->set_item(static_cast<std::uint64_t>(request.items_size()));
    *item->mutable_version() = version;
  }
  bool sent = false;
  int faults = 0;
  const Status status = store.client().Import(
      store.cx(),
      [&](data::ImportRequest* message) {
        if (std::exchange(sent, true)) return false;
        *message = request;
        return true;
      },
      [&](data::ImportResponse& response) {
        faults += response.faults_size();
        return true;
      });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return faults;
}

TEST_P(DataStreams, VersionsOfAnotherStoreAreKeptAsTheyAre) {
  data::DescribeResponse described;
  ASSERT_TRUE(client().Describe(cx(), {}, &described).ok());
  ASSERT_TRUE(described.import_versions());
  EXPECT_NE(described.store_id(), "");
  ASSERT_TRUE(Update("Patient", "p1", Patient(1, "A")).ok());
  ASSERT_TRUE(Update("Patient", "p1", Patient(1, "B")).ok());
  ASSERT_TRUE(Update("Patient", "p2", Patient(2)).ok());
  ASSERT_TRUE(Delete("Patient", "p2").ok());
  ASSERT_TRUE(Update("Patient", "p2", Patient(2, "again")).ok());
  ASSERT_TRUE(Delete("Patient", "p1").ok());
  const auto everything = Export(/*all_versions=*/true);
  const std::unique_ptr<DataContract> second = AnotherStore();

  EXPECT_EQ(ImportVersions(*second, everything), 0);
  EXPECT_EQ(ImportVersions(*second, everything), 0) << "what is sent twice does no harm";

  const auto copied = second->Export(/*all_versions=*/true);
  ASSERT_EQ(copied.size(), everything.size());
  for (std::size_t i = 0; i < copied.size(); ++i) {
    EXPECT_EQ(copied[i].SerializeAsString(), everything[i].SerializeAsString()) << i;
  }
  EXPECT_FALSE(second->Read("Patient", "p1").ok());
  EXPECT_TRUE(second->Read("Patient", "p1", "2").ok());
  EXPECT_EQ(second->Search("Patient", {{"family", "again"}})->entries_size(),
            Search("Patient", {{"family", "again"}})->entries_size());
  EXPECT_EQ(second->Update("Patient", "p2", Patient(2, "C"))->resource().version_id(), "4");
}

TEST_P(DataStreams, AVersionThatIsNoneIsAFault) {
  data::Resource version;
  version.set_type("Patient");
  version.set_id("p1");
  version.set_version_id("1");
  version.set_json(R"({"resourceType":"Patient","id":"another"})");
  EXPECT_EQ(ImportVersions(*this, {version}), 1);
  version.set_json(R"({"resourceType":"Patient","id":"p1"})");
  version.set_version_id("first");
  EXPECT_EQ(ImportVersions(*this, {version}), 1);
  version.set_version_id("1");
  EXPECT_EQ(ImportVersions(*this, {version}), 0);
}

TEST_P(DataStreams, AnExportGoesOnBehindItsPosition) {
  for (int i = 0; i < 130; ++i) {
    ASSERT_TRUE(Update("Patient", "p" + std::to_string(i), Patient(i)).ok());
  }
  data::ExportRequest request;
  request.set_all_versions(true);
  std::vector<data::ExportResponse> messages;
  const auto collect = [&](data::ExportResponse& message) {
    messages.push_back(message);
    return true;
  };
  ASSERT_TRUE(client().Export(cx(), request, collect).ok());
  ASSERT_FALSE(messages.empty());
  EXPECT_GE(messages.front().total_estimate(), 130);
  request.set_after(messages.back().position());
  messages.clear();
  ASSERT_TRUE(client().Export(cx(), request, collect).ok());
  for (const auto& message : messages) EXPECT_EQ(message.resources_size(), 0);
  request.set_after("nowhere");
  EXPECT_EQ(client().Export(cx(), request, collect).code(), Code::kInvalidArgument);
}

TEST_P(DataStreams, WatchSendsEachVersionOnceInOrder) {
  std::string cursor = "0";
  ASSERT_TRUE(Update("Patient", "p1", Patient(1, "A")).ok());
  ASSERT_TRUE(Create("Observation", R"({"resourceType":"Observation"})").ok());
  const auto first = Watch(&cursor);
  ASSERT_TRUE(Delete("Patient", "p1").ok());
  const auto second = Watch(&cursor);
  const auto third = Watch(&cursor);

  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].type(), "Patient");
  EXPECT_EQ(first[1].type(), "Observation");
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].change(), data::CHANGE_DELETED);
  EXPECT_TRUE(third.empty());
}

std::vector<std::string> Texts(const std::string& file) {
  std::ifstream in(std::string(STRATA_FIXTURES) + "/fhir-examples/" + file, std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(in), {}};
  std::string all(static_cast<std::size_t>(ZSTD_getFrameContentSize(packed.data(), packed.size())),
                  '\0');
  all.resize(ZSTD_decompress(all.data(), all.size(), packed.data(), packed.size()));
  std::vector<std::string> texts;
  for (std::size_t at = all.find('\x1e'); at != std::string::npos;) {
    const std::size_t next = all.find('\x1e', at + 1);
    texts.push_back(all.substr(at + 1, next == std::string::npos ? next : next - at - 1));
    at = next;
  }
  return texts;
}

TEST_P(DataStreams, EveryExampleComesBackLexemeForLexeme) {
  for (const char* file : {"r4.seq.zst", "nhs.seq.zst"}) {
    const std::vector<std::string> texts = Texts(file);
    ASSERT_GT(texts.size(), 250u);
    // All of them once; some through a store on disk, where each waits for the disk.
    const std::size_t step = GetParam().name.find("memory") == std::string::npos ? 12 : 1;
    for (std::size_t i = 0; i < texts.size(); i += step) {
      const std::string& text = texts[i];
      const auto document = json::Document::Parse(text);
      ASSERT_TRUE(document.ok()) << document.status().ToString();
      const auto created = Create(document->root()["resourceType"].string(), text);
      ASSERT_TRUE(created.ok()) << created.status().ToString() << text.substr(0, 200);
      const auto read = Read(created->resource().type(), created->resource().id());
      ASSERT_EQ(WithoutStamps(read->resource().json()), WithoutStamps(text));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Stacks, DataStreams, ::testing::ValuesIn(Stacks()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace strata::contract
