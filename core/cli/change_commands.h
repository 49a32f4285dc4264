#pragma once

#include "core/cli/commands.h"

namespace CLI {
class App;
}

namespace strata::cli {

// Options of the commands that change a stack; CLI11 writes into them.
struct ChangeCommands {
  SwapOptions swap;
  MoveOptions move;
  RollbackOptions rollback;
  CommitFormatOptions commit_format;
  ApplyOptions apply;
  ChangesOptions changes;
  TrialOptions trial;
  TrialsOptions trials;
};

// Adds swap, move, rollback, commit-format, apply, changes, trial and trials. `options` and
// `exit_code` outlive the parsing.
void AddChangeCommands(CLI::App& app, ChangeCommands* options, int* exit_code);

}  // namespace strata::cli
