#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/form.h"
#include "plugins/service_console/fields.h"
#include "strata/core/v1/core.pb.h"

// The form that says how a slot is to be changed: reading it, checking it, showing it and turning
// it into requests of the contract. Pure functions over untrusted text.
namespace strata::console {

// As typed, so that the form can be shown again.
struct ActionForm {
  std::string slot;
  std::string package;  // of the list
  std::string folder;   // or typed
  std::string config;
  std::string mode;
  std::string isolation;
  std::string probation;
  std::string request_id;
  // Generation of the stack that the plan was made for.
  std::string generation;

  const std::string& chosen() const { return folder.empty() ? package : folder; }
};

ActionForm ReadActionForm(std::string slot, const web::Parameters& fields);
// The same as hidden fields, for the page that asks once more.
Html HiddenFields(const ActionForm& form);

// Empty when it can be asked for. A package is needed only where `needs_package`.
FieldErrors CheckActionForm(const ActionForm& form, bool needs_package);

// The value of a checked field.
core::v1::SwapMode ModeOf(const ActionForm& form);
std::optional<std::uint32_t> ProbationOf(const ActionForm& form);

// The packages of a layer that can be loaded, to choose from; the one that runs is marked.
std::vector<Choice> PackageChoices(const core::v1::ListPluginsResponse& list,
                                   const core::v1::Slot& slot);
Html PackageFields(const ActionForm& form, const std::vector<Choice>& packages,
                   std::string_view question, const FieldErrors& errors);
Html ConfigField(const ActionForm& form, const FieldErrors& errors);
// Mode, isolation and probation of a swap.
Html SwapFields(const ActionForm& form, const FieldErrors& errors);

}  // namespace strata::console
