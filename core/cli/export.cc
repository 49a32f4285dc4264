#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>

#include "core/cli/client.h"
#include "core/cli/commands.h"
#include "core/cli/progress.h"
#include "strata/data/v1/data.grpc.pb.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;
using strata::data::v1::Resource;

// One NDJSON file per type, written beside its final name and renamed when everything is there.
// Single-threaded.
class Folder {
 public:
  explicit Folder(fs::path path) : path_(std::move(path)) {}

  // FAILED_PRECONDITION when the folder holds an export already; otherwise makes it.
  Status Open() {
    std::error_code error;
    fs::create_directories(path_, error);
    if (error) return InvalidArgument(path_.string() + ": " + error.message());
    for (const auto& entry : fs::directory_iterator(path_, error)) {
      if (entry.path().extension() == ".ndjson") {
        return FailedPrecondition(path_.string() + " already holds " +
                                  entry.path().filename().string() +
                                  ": name an empty folder, so that nothing is overwritten");
      }
    }
    return error ? InvalidArgument(path_.string() + ": " + error.message()) : OkStatus();
  }

  Status Add(const Resource& resource) {
    File& file = files_[resource.type()];
    if (!file) {
      file.reset(std::fopen(Temporary(resource.type()).c_str(), "wb"));
      if (!file) return Failed(resource.type());
    }
    const std::string& json = resource.json();
    if (std::fwrite(json.data(), 1, json.size(), file.get()) != json.size() ||
        std::fputc('\n', file.get()) == EOF) {
      return Failed(resource.type());
    }
    return OkStatus();
  }

  Status Finish() {
    for (auto& [type, file] : files_) {
      if (std::fclose(file.release()) != 0) return Failed(type);
      std::error_code error;
      fs::rename(Temporary(type), path_ / (type + ".ndjson"), error);
      if (error) return Internal(type + ".ndjson: " + error.message());
    }
    return OkStatus();
  }

  std::size_t file_count() const { return files_.size(); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;

  fs::path Temporary(const std::string& type) const { return path_ / (type + ".ndjson.part"); }
  static Status Failed(const std::string& type) {
    const Code code = errno == ENOSPC ? Code::kResourceExhausted : Code::kInternal;
    return {code, type + ".ndjson cannot be written: " + std::strerror(errno)};
  }

  fs::path path_;
  std::map<std::string, File> files_;
};

}  // namespace

int RunExport(const ExportOptions& options) {
  Folder folder(options.folder);
  Status status = folder.Open();
  std::uint64_t resources = 0;
  std::uint64_t bytes = 0;
  std::unique_ptr<Progress> progress;
  if (status.ok()) {
    const auto stub = strata::data::v1::Data::NewStub(Connect(options.at));
    grpc::ClientContext context;
    strata::data::v1::ExportRequest request;
    for (const std::string& type : options.types) request.add_types(type);
    const auto stream = stub->Export(&context, request);
    strata::data::v1::ExportResponse part;
    while (status.ok() && stream->Read(&part)) {
      if (!progress) {
        const auto total = part.total_estimate();
        progress = std::make_unique<Progress>("resources",
                                              total > 0 ? static_cast<std::uint64_t>(total) : 0);
      }
      for (const Resource& resource : part.resources()) {
        if (status = folder.Add(resource); !status.ok()) break;
        ++resources;
        bytes += resource.json().size();
      }
      progress->Update(resources, resources);
    }
    if (!status.ok()) context.TryCancel();
    const Status finished = FromGrpc(stream->Finish(), options.at);
    if (status.ok()) status = finished;
  }
  if (progress) progress->Finish(resources, resources);
  if (status.ok()) status = folder.Finish();
  if (!status.ok()) {
    std::fprintf(stderr, "strata export: %s\n", status.ToString().c_str());
    return 1;
  }
  std::printf("exported %" PRIu64 " resources (%" PRIu64 " bytes) of %zu type(s) to %s\n",
              resources, bytes, folder.file_count(), options.folder.c_str());
  return 0;
}

}  // namespace strata::cli
