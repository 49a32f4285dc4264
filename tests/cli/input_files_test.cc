#include "core/cli/input_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <string>

namespace strata::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class InputFiles : public testing::Test {
 protected:
  InputFiles() : folder_(fs::temp_directory_path() / ("strata-cli-" + std::to_string(getpid()))) {
    fs::create_directories(folder_ / "b");
  }
  ~InputFiles() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }

  static Result<std::string> ReadAll(const InputFile& file) {
    std::string text;
    STRATA_RETURN_IF_ERROR(ReadUnpacked(
        file,
        [&](std::string_view piece) {
          text.append(piece);
          return OkStatus();
        },
        [](std::uint64_t) {}));
    return text;
  }

  static std::string Zstd(const std::string& text) {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
    return packed;
  }

  fs::path folder_;
};

TEST_F(InputFiles, AreFoundInNameOrderWithTheirKinds) {
  Write("b/2.ndjson.zst", Zstd("{}\n"));
  Write("b/1.json", "{}");
  Write("notes.txt", "x");
  Write("a.jsonl.gz", "");

  const auto files = FindInputFiles({folder_.string()});

  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 3U);
  EXPECT_EQ((*files)[0].path.filename(), "a.jsonl.gz");
  EXPECT_EQ((*files)[1].path.filename(), "1.json");
  EXPECT_FALSE((*files)[1].ndjson);
  EXPECT_TRUE((*files)[2].ndjson);
}

TEST_F(InputFiles, SaysWhatIsNotThereOrOfAnotherKind) {
  Write("notes.txt", "x");

  EXPECT_THAT(FindInputFiles({"/no/such"}).status().message(), HasSubstr("/no/such"));
  EXPECT_THAT(FindInputFiles({(folder_ / "notes.txt").string()}).status().message(),
              HasSubstr("notes.txt"));
  EXPECT_EQ(FindInputFiles({(folder_ / "b").string()}).status().code(), Code::kInvalidArgument);
}

TEST_F(InputFiles, UnpackedTextIsTheSameFromPlainGzipAndZstd) {
  const std::string text = std::string(600 << 10, 'a') + "\n{\"x\":1.10}";
  Write("a.json", text);
  Write("b.json.zst", Zstd(text));
  gzFile gz = gzopen((folder_ / "c.json.gz").c_str(), "wb");
  gzwrite(gz, text.data(), static_cast<unsigned>(text.size()));
  gzclose(gz);

  const auto files = FindInputFiles({folder_.string()});

  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 3U);
  for (const InputFile& file : *files) {
    const auto read = ReadAll(file);
    ASSERT_TRUE(read.ok()) << file.path;
    EXPECT_EQ(*read, text) << file.path;
  }
}

TEST_F(InputFiles, ACutOrBrokenPackedFileIsDataLossAndNamed) {
  const std::string packed = Zstd(std::string(1000, 'a') + "b");
  Write("cut.json.zst", packed.substr(0, packed.size() - 3));
  Write("broken.json.gz", "this is not gzip");

  for (const char* name : {"cut.json.zst", "broken.json.gz"}) {
    const auto read = ReadAll({folder_ / name, false, 0});
    EXPECT_EQ(read.status().code(), Code::kDataLoss);
    EXPECT_THAT(read.status().message(), HasSubstr(name));
  }
}

}  // namespace
}  // namespace strata::cli
