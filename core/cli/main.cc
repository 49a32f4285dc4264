#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/base/version.h"
#include "core/cli/change_commands.h"
#include "core/cli/client.h"
#include "core/cli/commands.h"
#include "core/isolation/plugin_host.h"

namespace {

using strata::cli::CallOptions;
using strata::cli::ExportOptions;
using strata::cli::ImportOptions;
using strata::cli::PluginsOptions;
using strata::cli::StatusOptions;
using strata::cli::UpOptions;

// All commands' options; CLI11 writes into them.
struct Options {
  UpOptions up;
  StatusOptions status;
  PluginsOptions plugins;
  CallOptions call;
  ImportOptions import;
  ExportOptions export_;
  strata::cli::ChangeCommands changes;
};

void AddAt(CLI::App* command, std::string* at) {
  *at = strata::cli::kDefaultAt;
  command->add_option("--at", *at, "gRPC address of the running stack: HOST:PORT or unix:PATH")
      ->envname("STRATA_AT")
      ->type_name("ADDR")
      ->capture_default_str();
}

void AddUp(CLI::App& app, UpOptions* options, int* exit_code) {
  CLI::App* command = app.add_subcommand("up", "Run a stack in the foreground until it is stopped");
  command->add_option("STACKFILE", options->stack_file,
                      "Stack file (YAML); without it, the embedded stack");
  command->add_option("--http", options->http, "HTTP address, e.g. 127.0.0.1:8080")
      ->type_name("ADDR");
  command->add_option("--grpc", options->grpc, "gRPC address, e.g. 127.0.0.1:8081 or unix:PATH")
      ->type_name("ADDR");
  command
      ->add_option("--admin-http", options->admin_http,
                   "HTTP address of the pages for operators; by default two ports above --http")
      ->type_name("ADDR");
  command->add_option("--data", options->data, "Folder of everything that is kept")
      ->type_name("DIR");
  command->add_flag("--as-file", options->as_file,
                    "Run what the stack file says; forget what swaps made of it");
  command->add_option("--set", options->set, "Set one configuration value of a slot (repeatable)")
      ->type_name("SLOT.KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--plugin-path", options->plugin_path,
          "Folder with plugin packages, searched first (repeatable; also STRATA_PLUGIN_PATH)")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->callback([=] { *exit_code = strata::cli::RunUp(*options); });
}

void AddStatus(CLI::App& app, StatusOptions* options, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("status", "Show slots, plugins, versions, health and calls of a stack");
  AddAt(command, &options->at);
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("--watch", options->watch, "Go on: draw it anew as it changes");
  auto* wait = command->add_option_function<int>(
      "--wait", [options](const int& seconds) { options->wait = std::chrono::seconds(seconds); },
      "Wait so many seconds at most until the stack is ready");
  wait->type_name("SECONDS")->check(CLI::Range(1, 3600));
  command->callback([=] { *exit_code = strata::cli::RunStatus(*options); });
}

void AddPlugins(CLI::App& app, PluginsOptions* options, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("plugins", "List the plugin packages that the stack can load");
  AddAt(command, &options->at);
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([=] { *exit_code = strata::cli::RunPlugins(*options); });
}

void AddCall(CLI::App& app, CallOptions* options, int* exit_code) {
  CLI::App* command = app.add_subcommand("call", "Call any RPC of the stack with JSON");
  AddAt(command, &options->at);
  command->add_option("METHOD", options->method,
                      "e.g. strata.data.v1.Data/Read; without it, all methods are listed");
  command->add_option(
      "JSON", options->json,
      "The request as JSON ('-' reads it from standard input; several for a stream)");
  command
      ->add_option("--slot", options->slot, "Which slot is called, when several serve the method")
      ->type_name("NAME");
  command
      ->add_option_function<int>(
          "--timeout",
          [options](const int& seconds) { options->timeout = std::chrono::seconds(seconds); },
          "Seconds until the call is given up [30]")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86400));
  command->footer(
      "Bytes fields that carry JSON (json, bundle, patch) are written as JSON.\n"
      "Example: strata call strata.data.v1.Data/Read '{\"type\":\"Patient\",\"id\":\"42\"}'");
  command->callback([=] { *exit_code = strata::cli::RunCall(*options); });
}

void AddImport(CLI::App& app, ImportOptions* options, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("import", "Load FHIR resources: bundles and NDJSON, plain, .gz or .zst");
  AddAt(command, &options->at);
  command->add_option("PATHS", options->paths, "Files, or folders (searched below, in name order)")
      ->required();
  command->add_option("--faults", options->show_faults, "How many faults to print")
      ->type_name("N")
      ->capture_default_str();
  command->footer(
      "Resources keep their ids. A faulty item is reported at the end and the rest is loaded;\n"
      "the exit code is 1 when anything was not.");
  command->callback([=] { *exit_code = strata::cli::RunImport(*options); });
}

void AddExport(CLI::App& app, ExportOptions* options, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("export", "Write every current resource as NDJSON, one file a type");
  AddAt(command, &options->at);
  command->add_option("DIR", options->folder, "An empty folder, or one to make")->required();
  command->add_option("--type", options->types, "Only this resource type (repeatable)")
      ->type_name("TYPE")
      ->allow_extra_args(false);
  command->callback([=] { *exit_code = strata::cli::RunExport(*options); });
}

}  // namespace

int main(int argc, char** argv) {
  // Not for people: the core runs this for plugins that are to have a process of their own.
  if (argc > 1 && std::string_view(argv[1]) == "plugin-host") {
    strata::isolation::RunPluginHost(argc, argv);
  }
  CLI::App app{"Strata: a patient-record stack whose layers are plugins", "strata"};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of all commands");
  app.get_formatter()->column_width(34);
  Options options;
  int exit_code = 0;
  AddUp(app, &options.up, &exit_code);
  AddStatus(app, &options.status, &exit_code);
  AddPlugins(app, &options.plugins, &exit_code);
  AddCall(app, &options.call, &exit_code);
  AddImport(app, &options.import, &exit_code);
  AddExport(app, &options.export_, &exit_code);
  strata::cli::AddChangeCommands(app, &options.changes, &exit_code);
  app.add_subcommand("version", "Print the version")->callback([] {
    std::printf("strata %s\n", strata::kVersion);
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  return exit_code;
}
