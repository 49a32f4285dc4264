#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <thread>

#include "core/cli/client.h"
#include "core/cli/commands.h"
#include "core/cli/input_files.h"
#include "core/cli/progress.h"
#include "strata/data/v1/data.grpc.pb.h"

namespace strata::cli {
namespace {

using strata::data::v1::ImportFault;
using strata::data::v1::ImportItem;
using strata::data::v1::ImportRequest;
using strata::data::v1::ImportResponse;
using Stream = grpc::ClientReaderWriter<ImportRequest, ImportResponse>;

// One message stays well under gRPC's limit; an item that is larger goes on in the next.
constexpr std::size_t kMessageBytes = 1 << 20;

// An item's number: the file's index and the line (from 1) or 0 for a file that is one item.
constexpr int kLineBits = 40;

// Cuts files into items and sends them. Used by the sending thread; `Where` and `problems` also by
// another after that one has ended.
class Sender {
 public:
  Sender(Stream* stream, const std::vector<InputFile>& files) : stream_(stream), files_(files) {}

  // Sends all files; one that cannot be read becomes a problem and the next goes on. `bytes_read`
  // follows for the progress bar.
  void Run(std::atomic<std::uint64_t>* bytes_read) {
    for (std::size_t i = 0; i < files_.size() && !broken_; ++i) SendFile(i, bytes_read);
    Flush();
    stream_->WritesDone();
  }

  // "folder/file.ndjson:17"
  std::string Where(std::uint64_t item) const {
    const std::uint64_t line = item & ((std::uint64_t{1} << kLineBits) - 1);
    const std::size_t file = static_cast<std::size_t>(item >> kLineBits);
    if (file >= files_.size()) return "item " + std::to_string(item);
    const std::string path = files_[file].path.string();
    return line == 0 ? path : path + ":" + std::to_string(line);
  }

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  void SendFile(std::size_t index, std::atomic<std::uint64_t>* bytes_read) {
    const InputFile& file = files_[index];
    item_ = (static_cast<std::uint64_t>(index) << kLineBits) + (file.ndjson ? 1 : 0);
    const auto sink = [&](std::string_view piece) -> Status {
      file.ndjson ? AddLines(piece) : Append(piece);
      return broken_ ? Unavailable("the stack closed the stream") : OkStatus();
    };
    const Status status =
        ReadUnpacked(file, sink, [&](std::uint64_t bytes) { *bytes_read += bytes; });
    // Of a file that is cut short, whole lines are in; the rest is not JSON and is refused as such.
    if (!status.ok() && !broken_) problems_.push_back(status.message());
    EndItem();
  }

  void AddLines(std::string_view piece) {
    while (!piece.empty()) {
      const std::size_t end = piece.find('\n');
      Append(piece.substr(0, end));
      if (end == std::string_view::npos) return;
      piece.remove_prefix(end + 1);
      EndItem();
      ++item_;
    }
  }

  // Adds text to the current item; blank space before its first character is left out, so that an
  // empty line is no item.
  void Append(std::string_view text) {
    if (current_ == nullptr)
      text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    while (!text.empty() && !broken_) {
      if (current_ == nullptr) StartPart();
      const std::size_t take = std::min(kMessageBytes - bytes_, text.size());
      current_->mutable_json()->append(text.data(), take);
      bytes_ += take;
      text.remove_prefix(take);
      if (bytes_ < kMessageBytes) return;
      current_->set_continued(true);
      Flush();
      StartPart();
    }
  }

  void StartPart() {
    current_ = message_.add_items();
    current_->set_item(item_);
  }

  void EndItem() {
    current_ = nullptr;
    if (bytes_ >= kMessageBytes / 2 || message_.items_size() >= 1000) Flush();
  }

  void Flush() {
    if (message_.items_size() > 0 && !stream_->Write(message_)) broken_ = true;
    message_.Clear();
    bytes_ = 0;
  }

  Stream* stream_;
  const std::vector<InputFile>& files_;
  std::vector<std::string> problems_;
  ImportRequest message_;
  // The part of `item_` that is being filled; null between items.
  ImportItem* current_ = nullptr;
  std::size_t bytes_ = 0;
  std::uint64_t item_ = 0;
  bool broken_ = false;
};

void PrintFaults(const Sender& sender, const std::vector<ImportFault>& faults,
                 std::uint64_t fault_count) {
  for (const ImportFault& fault : faults) {
    std::string where = sender.Where(fault.item());
    if (fault.entry() >= 0) where += " entry " + std::to_string(fault.entry());
    std::fprintf(stderr, "  %s: %s: %s\n", where.c_str(),
                 std::string(CodeName(static_cast<Code>(fault.code()))).c_str(),
                 fault.message().c_str());
  }
  if (fault_count > faults.size()) {
    std::fprintf(stderr, "  ... and %" PRIu64 " more (--faults N shows more)\n",
                 fault_count - faults.size());
  }
}

}  // namespace

int RunImport(const ImportOptions& options) {
  const auto files = FindInputFiles(options.paths);
  if (!files.ok()) {
    std::fprintf(stderr, "strata import: %s\n", files.status().message().c_str());
    return 2;
  }
  std::uint64_t total_bytes = 0;
  for (const InputFile& file : *files) total_bytes += file.size_bytes;

  const auto stub = strata::data::v1::Data::NewStub(Connect(options.at));
  grpc::ClientContext context;
  const auto stream = stub->Import(&context);
  Sender sender(stream.get(), *files);
  std::atomic<std::uint64_t> bytes_read{0};
  std::thread sending([&] { sender.Run(&bytes_read); });

  Progress progress("resources", total_bytes);
  std::vector<ImportFault> faults;
  std::uint64_t resources = 0;
  std::uint64_t fault_count = 0;
  ImportResponse answer;
  while (stream->Read(&answer)) {
    resources += answer.resources_done();
    fault_count += static_cast<std::uint64_t>(answer.faults_size());
    for (const ImportFault& fault : answer.faults()) {
      if (faults.size() < options.show_faults) faults.push_back(fault);
    }
    progress.Update(resources, bytes_read);
  }
  sending.join();
  const Status status = FromGrpc(stream->Finish(), options.at);
  progress.Finish(resources, bytes_read);

  if (fault_count > 0) {
    std::fprintf(stderr, "%" PRIu64 " item(s) were not imported:\n", fault_count);
    PrintFaults(sender, faults, fault_count);
  }
  for (const std::string& problem : sender.problems()) {
    std::fprintf(stderr, "  %s\n", problem.c_str());
  }
  if (!status.ok()) {
    std::fprintf(stderr, "strata import: %s\n", status.ToString().c_str());
    return 1;
  }
  std::printf("imported %" PRIu64 " resources from %zu file(s) in %s\n", resources, files->size(),
              FormatSeconds(progress.seconds()).c_str());
  return fault_count > 0 || !sender.problems().empty() ? 1 : 0;
}

}  // namespace strata::cli
