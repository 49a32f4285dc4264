#include "plugins/service_console/fields.h"

#include <algorithm>

namespace strata::console {
namespace {

const FieldError* ErrorOf(const FieldErrors& errors, std::string_view field) {
  const auto found = std::find_if(errors.begin(), errors.end(), [field](const FieldError& error) {
    return error.field == field;
  });
  return found == errors.end() ? nullptr : &*found;
}

Html GroupStart(const FieldError* error) {
  return Html().Add("<div class=\"nhsuk-form-group"_html,
                    error != nullptr ? " nhsuk-form-group--error"_html : ""_html, "\">"_html);
}

Html HintAndError(const Field& field, const FieldError* error) {
  Html out;
  if (!field.hint.empty()) {
    out.Add("<div class=\"nhsuk-hint\" id=\""_html, field.id, "-hint\">"_html, field.hint,
            "</div>"_html);
  }
  if (error != nullptr) {
    out.Add("<span class=\"nhsuk-error-message\" id=\""_html, field.id,
            "-error\"><span class=\"nhsuk-u-visually-hidden\">Error: </span>"_html, error->message,
            "</span>"_html);
  }
  return out;
}

// " aria-describedby=..." where there is something to describe the field.
Html DescribedBy(const Field& field, const FieldError* error) {
  if (field.hint.empty() && error == nullptr) return {};
  Html out;
  out.Add(" aria-describedby=\""_html);
  if (!field.hint.empty()) out.Add(field.id, "-hint"_html);
  if (error != nullptr) out.Add(field.hint.empty() ? ""_html : " "_html, field.id, "-error"_html);
  return out.Add("\""_html);
}

Html Label(const Field& field) {
  return Html().Add("<label class=\"nhsuk-label nhsuk-label--s\" for=\""_html, field.id, "\">"_html,
                    field.label, "</label>"_html);
}

}  // namespace

Html ErrorSummary(const FieldErrors& errors) {
  Html out;
  if (errors.empty()) return out;
  out.Add(
      "<div class=\"nhsuk-error-summary\" tabindex=\"-1\" autofocus><div role=\"alert\"><h2 "
      "class=\"nhsuk-error-summary__title nhsuk-error-summary__heading\">There is a "
      "problem</h2><div class=\"nhsuk-error-summary__body\"><ul class=\"nhsuk-list "
      "nhsuk-error-summary__list\">"_html);
  for (const FieldError& error : errors) {
    if (error.field.empty()) {
      out.Add("<li class=\"console-problem\">"_html, error.message, "</li>"_html);
    } else {
      out.Add("<li><a href=\"#"_html, error.field, "\">"_html, error.message, "</a></li>"_html);
    }
  }
  return out.Add("</ul></div></div></div>"_html);
}

Html TextInput(const Field& field, bool wide, const FieldErrors& errors) {
  const FieldError* const error = ErrorOf(errors, field.id);
  return GroupStart(error).Add(
      Label(field), HintAndError(field, error), "<input type=\"text\" class=\"nhsuk-input"_html,
      wide ? ""_html : " nhsuk-input--width-5"_html,
      error != nullptr ? " nhsuk-input--error"_html : ""_html, "\" id=\""_html, field.id,
      "\" name=\""_html, field.id, "\" value=\""_html, field.value,
      "\" autocomplete=\"off\" spellcheck=\"false\""_html, DescribedBy(field, error),
      "></div>"_html);
}

Html TextArea(const Field& field, const FieldErrors& errors) {
  const FieldError* const error = ErrorOf(errors, field.id);
  // The line break after the tag is not part of the value (HTML 13.2.6.4.7).
  return GroupStart(error).Add(Label(field), HintAndError(field, error),
                               "<textarea class=\"nhsuk-textarea console-code"_html,
                               error != nullptr ? " nhsuk-textarea--error"_html : ""_html,
                               "\" rows=\"4\" id=\""_html, field.id, "\" name=\""_html, field.id,
                               "\" spellcheck=\"false\""_html, DescribedBy(field, error),
                               ">\n"_html, field.value, "</textarea></div>"_html);
}

Html Radios(const Field& field, const std::vector<Choice>& choices, const FieldErrors& errors) {
  const FieldError* const error = ErrorOf(errors, field.id);
  Html out = GroupStart(error);
  out.Add("<fieldset class=\"nhsuk-fieldset\""_html, DescribedBy(field, error),
          "><legend class=\"nhsuk-fieldset__legend nhsuk-fieldset__legend--s\">"_html, field.label,
          "</legend>"_html, HintAndError(field, error), "<div class=\"nhsuk-radios\">"_html);
  std::size_t number = 0;
  for (const Choice& choice : choices) {
    // The first one has the field's own id, so that an error leads there.
    Html id = Html::Text(field.id);
    if (number++ > 0) id.Add("-"_html, number);
    out.Add("<div class=\"nhsuk-radios__item\"><input class=\"nhsuk-radios__input\" id=\""_html, id,
            "\" name=\""_html, field.id, "\" type=\"radio\" value=\""_html, choice.value, "\""_html,
            choice.value == field.value ? " checked"_html : ""_html);
    if (!choice.hint.empty()) out.Add(" aria-describedby=\""_html, id, "-item-hint\""_html);
    out.Add("><label class=\"nhsuk-label nhsuk-radios__label\" for=\""_html, id, "\">"_html,
            choice.label, "</label>"_html);
    if (!choice.hint.empty()) {
      out.Add("<div class=\"nhsuk-hint nhsuk-radios__hint\" id=\""_html, id, "-item-hint\">"_html,
              choice.hint, "</div>"_html);
    }
    out.Add("</div>"_html);
  }
  return out.Add("</div></fieldset></div>"_html);
}

Html Details(std::string_view summary, const Html& content, bool open) {
  return Html().Add("<details class=\"nhsuk-details\""_html, open ? " open"_html : ""_html,
                    "><summary class=\"nhsuk-details__summary\"><span "
                    "class=\"nhsuk-details__summary-text\">"_html,
                    summary, "</span></summary><div class=\"nhsuk-details__text\">"_html, content,
                    "</div></details>"_html);
}

Html Hidden(std::string_view name, std::string_view value) {
  return Html().Add("<input type=\"hidden\" name=\""_html, name, "\" value=\""_html, value,
                    "\">"_html);
}

Html PostForm(std::string_view action, std::string_view token, const Html& content) {
  return Html().Add("<form method=\"post\" action=\""_html, action, "\" novalidate>"_html,
                    Hidden("token", token), content, "</form>"_html);
}

Html SubmitButton(std::string_view text, bool danger) {
  return Html().Add("<button class=\"nhsuk-button console-button"_html,
                    danger ? " nhsuk-button--warning"_html : ""_html, "\" type=\"submit\">"_html,
                    text, "</button>"_html);
}

}  // namespace strata::console
