#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

// The commands of `strata`, one function each. They print results to stdout and everything else to
// stderr, and return the exit code: 0 done, 1 failed, 2 wrong use.
namespace strata::cli {

struct UpOptions {
  // Empty: the embedded stack.
  std::string stack_file;
  // Empty: as the stack file says.
  std::string http;
  std::string grpc;
  std::string admin_http;
  std::string data;
  // "slot.key=value"
  std::vector<std::string> set;
  // Forget what changes made of the stack.
  bool as_file = false;
  // Folders with plugin packages, searched before the default one.
  std::vector<std::string> plugin_path;
};

// Runs a stack in the foreground until SIGTERM or SIGINT.
int RunUp(const UpOptions& options);

struct StatusOptions {
  std::string at;
  bool json = false;
  // Wait at most so long until the stack is ready; 0 asks once.
  std::chrono::seconds wait{0};
  // Go on until the stack ends or the command is interrupted.
  bool watch = false;
};

int RunStatus(const StatusOptions& options);
// Draws the status anew on a terminal, prints lines elsewhere.
int RunStatusWatch(const StatusOptions& options);

// Of all commands that change a stack.
struct ChangeFlags {
  std::string at;
  bool plan = false;
  bool no_wait = false;
  // "10m"; empty: as the core has it.
  std::string probation;
};

struct SwapOptions {
  ChangeFlags flags;
  std::string slot;
  std::string package;
  std::string version;
  std::string mode;
  std::vector<std::string> set;
  std::string isolation;
};

int RunSwap(const SwapOptions& options);

struct MoveOptions {
  ChangeFlags flags;
  // What moves: "hosting", or a data slot.
  std::string what;
  // Empty: the same package (of a data slot).
  std::string to;
  // Empty: the only hosting slot in use.
  std::string slot;
  std::vector<std::string> set;
  // Of a data slot, "NAME=SLOT": what the new plugin is built on.
  std::vector<std::string> connect;
};

int RunMove(const MoveOptions& options);

struct RollbackOptions {
  ChangeFlags flags;
  std::string slot;
};

int RunRollback(const RollbackOptions& options);

struct CommitFormatOptions {
  ChangeFlags flags;
  std::string slot;
};

int RunCommitFormat(const CommitFormatOptions& options);

struct ApplyOptions {
  ChangeFlags flags;
  std::string stack_file;
};

int RunApply(const ApplyOptions& options);

struct ChangesOptions {
  std::string at;
  std::string slot;
  bool json = false;
  std::uint32_t limit = 50;
  // Ids of changes to follow or to end.
  std::string watch;
  std::string end;
};

int RunChanges(const ChangesOptions& options);

struct TrialOptions {
  std::string at;
  std::string slot;
  std::string package;
  // "10%" or "10".
  std::string shadow;
  std::string canary;
  // "10m"; empty: until it is ended.
  std::string duration;
  std::vector<std::string> set;
  std::string scratch;
  // Of a canary: where it runs; bounds.
  std::string isolation;
  std::string more_errors;
  double slower = 0;
  std::uint64_t least_calls = 0;
  bool json = false;
  // Say what would happen and start nothing.
  bool plan = false;
  // Do not follow it, and do not end it.
  bool detach = false;
};

// Starts a trial, shows it until it ends; SIGINT ends it.
int RunTrial(const TrialOptions& options);

struct TrialsOptions {
  std::string at;
  bool json = false;
  // Ids of trials to follow or to end.
  std::string watch;
  std::string end;
};

int RunTrials(const TrialsOptions& options);

struct PluginsOptions {
  std::string at;
  bool json = false;
};

int RunPlugins(const PluginsOptions& options);

struct CallOptions {
  std::string at;
  // "strata.data.v1.Data/Read"; empty lists what can be called.
  std::string method;
  // A JSON object, or several for a client stream; "-" reads standard input. Empty: {}.
  std::vector<std::string> json;
  std::string slot;
  std::chrono::seconds timeout{30};
};

int RunCall(const CallOptions& options);

struct ImportOptions {
  std::string at;
  std::vector<std::string> paths;
  // Most faults to print in full.
  std::uint64_t show_faults = 20;
};

int RunImport(const ImportOptions& options);

struct ExportOptions {
  std::string at;
  std::string folder;
  std::vector<std::string> types;
};

int RunExport(const ExportOptions& options);

}  // namespace strata::cli
