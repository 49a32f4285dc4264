#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/service_console/page.h"

// Parts of forms (nhsuk-frontend's markup). Pure functions.
namespace strata::console {

// One error: which field (its id on the page; empty: none in particular) and what to do.
struct FieldError {
  std::string field;
  std::string message;
};
using FieldErrors = std::vector<FieldError>;

// What went wrong, at the top of the page; nothing without errors.
Html ErrorSummary(const FieldErrors& errors);

struct Field {
  std::string_view id;  // and name
  std::string_view label;
  std::string_view hint;
  std::string_view value;
};

// A line of text; `wide` as long as the page, else as a number.
Html TextInput(const Field& field, bool wide, const FieldErrors& errors);
Html TextArea(const Field& field, const FieldErrors& errors);

struct Choice {
  std::string value;
  std::string label;
  std::string hint;
};
// Radio buttons; the one with `field.value` is chosen.
Html Radios(const Field& field, const std::vector<Choice>& choices, const FieldErrors& errors);

// Questions that most people need not look at; open when one of them has an error or an answer.
Html Details(std::string_view summary, const Html& content, bool open);

Html Hidden(std::string_view name, std::string_view value);

// <form method="post"> to `action` with the token against forgery.
Html PostForm(std::string_view action, std::string_view token, const Html& content);
Html SubmitButton(std::string_view text, bool danger = false);

}  // namespace strata::console
