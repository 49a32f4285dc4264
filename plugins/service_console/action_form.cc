#include "plugins/service_console/action_form.h"

#include <array>
#include <charconv>
#include <utility>

#include "core/base/json.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;

constexpr std::size_t kMaxConfig = 64 * 1024;
constexpr std::uint32_t kMaxProbation = 86'400;

struct FieldName {
  std::string_view name;
  std::string ActionForm::*member;
};
constexpr std::array<FieldName, 8> kFields = {{{"package", &ActionForm::package},
                                               {"folder", &ActionForm::folder},
                                               {"config", &ActionForm::config},
                                               {"mode", &ActionForm::mode},
                                               {"isolation", &ActionForm::isolation},
                                               {"probation", &ActionForm::probation},
                                               {"request-id", &ActionForm::request_id},
                                               {"generation", &ActionForm::generation}}};

constexpr std::array<std::pair<std::string_view, v1::SwapMode>, 4> kModes = {
    {{"", v1::SWAP_MODE_UNSPECIFIED},
     {"overlap", v1::SWAP_MODE_OVERLAP},
     {"handover", v1::SWAP_MODE_HANDOVER},
     {"transfer", v1::SWAP_MODE_TRANSFER}}};

std::string Trimmed(std::string_view text) {
  const auto space = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(space) - begin + 1));
}

bool IsObject(const std::string& text) {
  const auto document = json::Document::Parse(text);
  return document.ok() && document->root().is_object();
}

std::optional<std::uint32_t> Number(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

ActionForm ReadActionForm(std::string slot, const web::Parameters& fields) {
  ActionForm form;
  form.slot = std::move(slot);
  for (const auto& [name, value] : fields) {
    for (const FieldName& field : kFields) {
      if (name == field.name) form.*field.member = Trimmed(value);
    }
  }
  return form;
}

Html HiddenFields(const ActionForm& form) {
  Html out;
  for (const FieldName& field : kFields) {
    const std::string& value = form.*field.member;
    if (!value.empty()) out.Add(Hidden(field.name, value));
  }
  return out;
}

FieldErrors CheckActionForm(const ActionForm& form, bool needs_package) {
  FieldErrors errors;
  if (needs_package && form.chosen().empty()) {
    errors.push_back({"package", "Choose the package that is to run in the slot"});
  }
  if (form.config.size() > kMaxConfig) {
    errors.push_back({"config", "Settings must be shorter than 64 KiB"});
  } else if (!form.config.empty() && !IsObject(form.config)) {
    errors.push_back({"config", "Settings must be a JSON object, such as {\"cache_mib\": 64}"});
  }
  if (!form.probation.empty()) {
    const auto seconds = Number(form.probation);
    if (!seconds || *seconds > kMaxProbation) {
      errors.push_back({"probation", "Probation must be a whole number of seconds, 0 to 86400"});
    }
  }
  return errors;
}

v1::SwapMode ModeOf(const ActionForm& form) {
  for (const auto& [name, mode] : kModes) {
    if (name == form.mode) return mode;
  }
  return v1::SWAP_MODE_UNSPECIFIED;
}

std::optional<std::uint32_t> ProbationOf(const ActionForm& form) {
  return form.probation.empty() ? std::nullopt : Number(form.probation);
}

std::vector<Choice> PackageChoices(const v1::ListPluginsResponse& list, const v1::Slot& slot) {
  std::vector<Choice> out;
  for (const v1::Package& package : list.packages()) {
    if (package.layer() != slot.layer() || !package.problem().empty()) continue;
    Choice choice{package.path(), package.plugin() + " " + package.version(), package.path()};
    if (package.path() == slot.package()) choice.label += " (runs now)";
    if (!package.description().empty()) choice.hint = package.description() + ". " + choice.hint;
    out.push_back(std::move(choice));
  }
  return out;
}

Html PackageFields(const ActionForm& form, const std::vector<Choice>& packages,
                   std::string_view question, const FieldErrors& errors) {
  Html out = Radios({"package", question, "", form.package}, packages, errors);
  const Html other = TextInput(
      {"folder", "Folder of another package",
       "On the machine of the core. It is used instead of what is chosen above.", form.folder},
      true, errors);
  return out.Add(Details("It is not in the list", other, !form.folder.empty()));
}

Html ConfigField(const ActionForm& form, const FieldErrors& errors) {
  return TextArea({"config", "New settings (optional)",
                   "A JSON object. For the plugin that runs: only what is to change, null takes a "
                   "setting away. For another one: all its settings. Empty: as they are.",
                   form.config},
                  errors);
}

Html SwapFields(const ActionForm& form, const FieldErrors& errors) {
  std::vector<Choice> modes;
  for (const auto& [name, mode] : kModes) {
    std::string label(ModeName(mode));
    label[0] = static_cast<char>(label[0] - 'a' + 'A');
    modes.push_back({std::string(name), std::move(label), std::string(ModeMeaning(mode))});
  }
  return Html().Add(
      Radios({"mode", "How to swap", "", form.mode}, modes, errors),
      Radios({"isolation", "Where it runs", "", form.isolation},
             {{"", "As it does now", ""},
              {"in-process", "In the core's process", "Fastest. The plugin must be trusted."},
              {"process", "In a process of its own",
               "A crash of the plugin does not touch the rest of the stack."}},
             errors),
      TextInput({"probation", "Seconds on probation",
                 "For so long the core takes the change back by itself if errors, slow answers or "
                 "crashes increase. Empty: 600. 0: none.",
                 form.probation},
                false, errors));
}

}  // namespace strata::console
