#include "core/cli/change_commands.h"

#include <CLI/CLI.hpp>

#include "core/cli/client.h"

namespace strata::cli {
namespace {

void AddAt(CLI::App* command, std::string* at) {
  *at = kDefaultAt;
  command->add_option("--at", *at, "gRPC address of the running stack: HOST:PORT or unix:PATH")
      ->envname("STRATA_AT")
      ->type_name("ADDR")
      ->capture_default_str();
}

void AddFlags(CLI::App* command, ChangeFlags* flags) {
  AddAt(command, &flags->at);
  command->add_flag("--plan", flags->plan, "Say what would happen and touch nothing");
  command->add_flag("--no-wait", flags->no_wait, "Do not wait until it has switched");
}

void AddProbation(CLI::App* command, ChangeFlags* flags) {
  command
      ->add_option("--probation", flags->probation,
                   "Take it back by itself if it does worse than before within this time "
                   "(90s, 10m, 2h; 0: never) [as the stack file says, else 10m]")
      ->type_name("TIME");
}

void AddSwap(CLI::App& app, SwapOptions* options, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("swap", "Replace the plugin of a slot while the stack runs");
  command->add_option("SLOT", options->slot, "The slot, as `strata status` shows it")->required();
  command->add_option("PACKAGE", options->package,
                      "A package on the plugin path, or a folder; without it the same package");
  AddFlags(command, &options->flags);
  AddProbation(command, &options->flags);
  command
      ->add_option("--version", options->version,
                   "This version of the same plugin, from the plugin path")
      ->type_name("VERSION");
  command
      ->add_option("--mode", options->mode,
                   "overlap, handover or transfer [what both plugins support best]")
      ->type_name("MODE");
  command
      ->add_option("--set", options->set,
                   "Change one setting of the plugin (repeatable); null takes it away")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--isolation", options->isolation, "in-process or process [as it is]")
      ->type_name("HOW");
  command->footer(
      "Requests in flight end on the old plugin; none is lost. Example:\n"
      "  strata swap record --version 0.2.0 --plan");
  command->callback([=] { *exit_code = RunSwap(*options); });
}

void AddMove(CLI::App& app, MoveOptions* options, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("move", "Move all records to another plugin while the stack runs");
  command->add_option("WHAT", options->what, "hosting: the rows; or a data slot: its records")
      ->required();
  command->add_option("--to", options->to, "The plugin to move to: a package, or a folder")
      ->type_name("PACKAGE");
  command
      ->add_option("--connect", options->connect,
                   "Of a data slot: what it requires, and the slot that it gets (repeatable)")
      ->type_name("NAME=SLOT")
      ->allow_extra_args(false);
  command->add_option("--slot", options->slot, "The slot whose records move [the only one in use]")
      ->type_name("SLOT");
  AddFlags(command, &options->flags);
  command->add_option("--set", options->set, "A setting of the new plugin (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->footer(
      "Everything is copied, followed, compared and cut over; the old store stays as it was, and\n"
      "`strata rollback` goes back to it. To a hosting plugin that needs slots of its own "
      "(mirror,\n"
      "encrypted): strata apply. A data plugin moves to a hosting slot that holds nothing yet\n"
      "(strata apply adds one). Examples:\n"
      "  strata move hosting --to ./my_hosting --set path=/new/disk/store\n"
      "  strata move record --to ./my_record --connect store=hosting2");
  command->callback([=] { *exit_code = RunMove(*options); });
}

void AddRollback(CLI::App& app, RollbackOptions* options, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("rollback", "Bring back what ran in a slot before its last change");
  command->add_option("SLOT", options->slot, "The slot")->required();
  AddFlags(command, &options->flags);
  command->callback([=] { *exit_code = RunRollback(*options); });
}

void AddCommitFormat(CLI::App& app, CommitFormatOptions* options, int* exit_code) {
  CLI::App* command = app.add_subcommand(
      "commit-format", "Write the newest stored format of a slot, and migrate what it keeps");
  command->add_option("SLOT", options->slot, "The slot, as `strata status` shows it")->required();
  AddFlags(command, &options->flags);
  command->footer(
      "Until then a new version goes on in the old format, so that `strata rollback` works; from\n"
      "then on it does not. What is stored is migrated while the stack serves, goes on after a\n"
      "restart of the core, and can be stopped (strata changes --end ID) and begun anew.\n"
      "  strata commit-format record --plan");
  command->callback([=] { *exit_code = RunCommitFormat(*options); });
}

void AddApply(CLI::App& app, ApplyOptions* options, int* exit_code) {
  CLI::App* command = app.add_subcommand(
      "apply", "Make the running stack equal to a stack file: everything at once, or nothing");
  command->add_option("STACKFILE", options->stack_file, "Stack file (YAML)")->required();
  AddFlags(command, &options->flags);
  AddProbation(command, &options->flags);
  command->callback([=] { *exit_code = RunApply(*options); });
}

void AddChanges(CLI::App& app, ChangesOptions* options, int* exit_code) {
  CLI::App* command = app.add_subcommand("changes", "The record of changes, newest first");
  command->add_option("SLOT", options->slot, "Only changes of this slot");
  AddAt(command, &options->at);
  command->add_flag("--json", options->json, "Print JSON");
  command->add_option("--limit", options->limit, "How many at most")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command
      ->add_option("--watch", options->watch, "Follow this change until it has switched or ended")
      ->type_name("ID");
  command
      ->add_option("--end", options->end,
                   "End this change before it switches, or its probation (what runs is kept)")
      ->type_name("ID");
  command->callback([=] { *exit_code = RunChanges(*options); });
}

void AddTrial(CLI::App& app, TrialOptions* options, int* exit_code) {
  CLI::App* command = app.add_subcommand(
      "trial", "Try a candidate beside the plugin of a slot, on its own traffic");
  command->add_option("SLOT", options->slot, "The slot, as `strata status` shows it")->required();
  command->add_option("PACKAGE", options->package, "A package on the plugin path, or a folder")
      ->required();
  AddAt(command, &options->at);
  command
      ->add_option("--shadow", options->shadow,
                   "Share of the reads that the candidate gets copies of; answers are compared")
      ->type_name("PERCENT");
  command
      ->add_option("--canary", options->canary,
                   "Share of the patients whose requests the candidate answers, always the same "
                   "ones; it is taken out by itself when it does worse than the live plugin")
      ->type_name("PERCENT");
  command
      ->add_option("--more-errors", options->more_errors,
                   "Canary: share of its calls that may fail beyond the live plugin's "
                   "[as the stack file says, else 5%]")
      ->type_name("PERCENT");
  command->add_option("--slower", options->slower,
                      "Canary: how many times the live p99 its own may be "
                      "[as the stack file says, else 3]");
  command->add_option("--least-calls", options->least_calls,
                      "Canary: calls within ten seconds below which nothing is said "
                      "[as the stack file says, else 20]");
  command
      ->add_option("--isolation", options->isolation,
                   "Canary: where it runs, in-process or process [as the live plugin]")
      ->type_name("WHERE");
  command->add_option("--for", options->duration, "How long (90s, 10m, 2h) [until it is ended]")
      ->type_name("TIME");
  command->add_option("--set", options->set, "Change one setting of the candidate (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--scratch", options->scratch,
                   "Package of the fresh store under a data plugin [that of the live one]")
      ->type_name("PACKAGE");
  command->add_flag("--json", options->json, "Print JSON, one line a second");
  command->add_flag("--plan", options->plan, "Say what would happen and start nothing");
  command->add_flag("--detach", options->detach, "Leave it running and print its id");
  command->footer(
      "What a shadow writes never reaches the live records; what a canary writes is the record.\n"
      "Ctrl-C ends the trial; `strata trial end ID` ends one that was left running. Examples:\n"
      "  strata trial record ./next-release --shadow 10% --for 10m\n"
      "  strata trial record ./next-release --canary 5% --plan");
  command->callback([=] { *exit_code = RunTrial(*options); });
}

void AddTrials(CLI::App& app, TrialsOptions* options, int* exit_code) {
  CLI::App* command = app.add_subcommand("trials", "Trials since the core started, newest first");
  AddAt(command, &options->at);
  command->add_flag("--json", options->json, "Print JSON");
  command->add_option("--watch", options->watch, "Follow this trial (Ctrl-C leaves it running)")
      ->type_name("ID");
  command->add_option("--end", options->end, "End this trial")->type_name("ID");
  command->callback([=] { *exit_code = RunTrials(*options); });
}

}  // namespace

void AddChangeCommands(CLI::App& app, ChangeCommands* options, int* exit_code) {
  AddSwap(app, &options->swap, exit_code);
  AddMove(app, &options->move, exit_code);
  AddRollback(app, &options->rollback, exit_code);
  AddCommitFormat(app, &options->commit_format, exit_code);
  AddApply(app, &options->apply, exit_code);
  AddChanges(app, &options->changes, exit_code);
  AddTrial(app, &options->trial, exit_code);
  AddTrials(app, &options->trials, exit_code);
}

}  // namespace strata::cli
