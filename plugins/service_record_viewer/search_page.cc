#include "plugins/service_record_viewer/search_page.h"

#include <algorithm>

#include "plugins/service_record_viewer/banner.h"
#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/page.h"

namespace strata::record_viewer {
namespace {

using json::Value;

const FieldError* ErrorOf(const std::vector<FieldError>& errors, std::string_view field) {
  const auto found = std::find_if(errors.begin(), errors.end(), [field](const FieldError& error) {
    return error.field == field;
  });
  return found == errors.end() ? nullptr : &*found;
}

Html ErrorSummary(const std::vector<FieldError>& errors) {
  Html out;
  if (errors.empty()) return out;
  out.Add(
      "<div class=\"nhsuk-error-summary\" tabindex=\"-1\" autofocus><div role=\"alert\"><h2 "
      "class=\"nhsuk-error-summary__title nhsuk-error-summary__heading\">There is a "
      "problem</h2><div class=\"nhsuk-error-summary__body\"><ul class=\"nhsuk-list "
      "nhsuk-error-summary__list\">"_html);
  for (const FieldError& error : errors) {
    out.Add("<li><a href=\"#"_html, error.field, "\">"_html, error.message, "</a></li>"_html);
  }
  return out.Add("</ul></div></div></div>"_html);
}

Html ErrorMessage(const FieldError* error, std::string_view id) {
  if (error == nullptr) return {};
  return Html().Add("<span class=\"nhsuk-error-message\" id=\""_html, id,
                    "-error\"><span class=\"nhsuk-u-visually-hidden\">Error: </span>"_html,
                    error->message, "</span>"_html);
}

struct TextField {
  std::string_view id;
  std::string_view label;
  std::string_view hint;
  std::string_view value;
  Markup more;  // classes and attributes of its own
};

Html RenderField(const TextField& field, const std::vector<FieldError>& errors) {
  const FieldError* error = ErrorOf(errors, field.id);
  Html described;
  if (!field.hint.empty()) described.Add(field.id, "-hint"_html);
  if (error != nullptr)
    described.Add(described.empty() ? ""_html : " "_html, field.id, "-error"_html);
  Html out;
  out.Add("<div class=\"nhsuk-form-group"_html,
          error != nullptr ? " nhsuk-form-group--error"_html : ""_html,
          "\"><label class=\"nhsuk-label nhsuk-label--s\" for=\""_html, field.id, "\">"_html,
          field.label, "</label>"_html);
  if (!field.hint.empty()) {
    out.Add("<div class=\"nhsuk-hint\" id=\""_html, field.id, "-hint\">"_html, field.hint,
            "</div>"_html);
  }
  out.Add(ErrorMessage(error, field.id), "<input type=\"text\" id=\""_html, field.id,
          "\" name=\""_html, field.id, "\" value=\""_html, field.value,
          "\" autocomplete=\"off\" spellcheck=\"false\""_html);
  if (!described.empty()) out.Add(" aria-describedby=\""_html, described, "\""_html);
  return out.Add(" "_html, field.more, "></div>"_html);
}

Html DatePart(std::string_view id, std::string_view label, std::string_view value, bool error,
              Markup width) {
  return Html().Add(
      "<div class=\"nhsuk-date-input__item\"><label class=\"nhsuk-label "
      "nhsuk-date-input__label\" for=\""_html,
      id, "\">"_html, label, "</label><input class=\"nhsuk-input nhsuk-date-input__input "_html,
      width, error ? " nhsuk-input--error"_html : ""_html, "\" id=\""_html, id, "\" name=\""_html,
      id, "\" type=\"text\" inputmode=\"numeric\" autocomplete=\"off\" value=\""_html, value,
      "\"></div>"_html);
}

Html DateField(const SearchForm& form, const std::vector<FieldError>& errors) {
  const FieldError* error = nullptr;
  for (const std::string_view id : {"dob-day", "dob-month", "dob-year"}) {
    if (error == nullptr) error = ErrorOf(errors, id);
  }
  const auto is = [&](std::string_view id) { return error != nullptr && error->field == id; };
  Html out;
  out.Add("<div class=\"nhsuk-form-group"_html,
          error != nullptr ? " nhsuk-form-group--error"_html : ""_html,
          "\"><fieldset class=\"nhsuk-fieldset\" role=\"group\" aria-describedby=\"dob-hint"_html,
          error != nullptr ? " dob-error"_html : ""_html,
          "\"><legend class=\"nhsuk-fieldset__legend nhsuk-fieldset__legend--s\">Date of "
          "birth</legend><div class=\"nhsuk-hint\" id=\"dob-hint\">For example, 15 3 1984. The "
          "year alone also works.</div>"_html,
          ErrorMessage(error, "dob"), "<div class=\"nhsuk-date-input\">"_html,
          DatePart("dob-day", "Day", form.day, is("dob-day"), "nhsuk-input--width-2"_html),
          DatePart("dob-month", "Month", form.month, is("dob-month"), "nhsuk-input--width-2"_html),
          DatePart("dob-year", "Year", form.year, is("dob-year"), "nhsuk-input--width-4"_html),
          "</div></fieldset></div>"_html);
  return out;
}

Html NhsNumberField(const SearchForm& form, const std::vector<FieldError>& errors) {
  const bool error = ErrorOf(errors, "nhs-number") != nullptr;
  return RenderField(
      {"nhs-number", "NHS number", "10 digits, with or without spaces.", form.nhs_number,
       error ? "class=\"nhsuk-input nhsuk-input--width-10 nhsuk-input--error\" "
               "inputmode=\"numeric\""_html
             : "class=\"nhsuk-input nhsuk-input--width-10\" inputmode=\"numeric\""_html},
      errors);
}

Html Address(Value patient) {
  const Value address = patient["address"].At(0);
  std::string out(address["text"].string());
  if (out.empty()) {
    for (const Value line : address["line"].elements()) {
      out += (out.empty() ? "" : ", ") + std::string(line.string());
    }
    for (const std::string_view member : {"city", "postalCode"}) {
      const std::string_view part = address[member].string();
      if (!part.empty()) out += (out.empty() ? "" : ", ") + std::string(part);
    }
  }
  return out.empty() ? Html("<span class=\"viewer-absent\">Not recorded</span>"_html)
                     : Html::Text(out);
}

Html PatientCell(Value patient) {
  Html out;
  out.Add("<a href=\"/record/"_html, patient["id"].string(), "\">"_html, PatientName(patient),
          "</a>"_html);
  if (const std::string died = DiedText(patient); !died.empty()) {
    out.Add(" "_html, Tag(died, TagColour::kGrey));
  }
  if (patient["active"] && !patient["active"].bool_value()) {
    out.Add(" "_html, Tag("Record not in use", TagColour::kOrange));
  }
  return out;
}

Html NothingFound() {
  return Html(
      "<p>No patient matches all of what you entered.</p><ul class=\"nhsuk-list "
      "nhsuk-list--bullet\"><li>Check the spelling, or enter only the first letters of each "
      "name.</li><li>Leave a field empty if you are not sure of it.</li><li>Not every record has "
      "an NHS number: try the name and date of birth.</li></ul>"_html);
}

Html SearchedFor(const SearchForm& form) {
  Html out;
  if (form.blank()) return out;
  out.Add("<dl class=\"viewer-searched\">"_html);
  for (const auto& [label, value] : DescribeSearch(form)) {
    out.Add("<div><dt>"_html, label, "</dt><dd>"_html, value, "</dd></div>"_html);
  }
  return out.Add("</dl>"_html);
}

Html Count(const Matches& matches) {
  Html out;
  if (matches.total) {
    out.Add("<p>"_html, *matches.total,
            *matches.total == 1 ? " patient found.</p>"_html : " patients found.</p>"_html);
  }
  return out;
}

bool SameNhsNumberTwice(const Matches& matches) {
  return matches.first_page && !matches.form.nhs_number.empty() && matches.patients.size() > 1;
}

}  // namespace

Html SearchFormPage(const SearchForm& form, const std::vector<FieldError>& errors, bool may_list) {
  Html out = ErrorSummary(errors);
  out.Add(
      "<h1 class=\"nhsuk-heading-l\">Find a patient</h1><form method=\"post\" action=\"/search\" "
      "novalidate class=\"viewer-form\">"_html,
      NhsNumberField(form, errors),
      RenderField({"name", "Name",
                   "First, middle or last names or how they begin, in any order. For Smith-Jones "
                   "enter Smith.",
                   form.name, "class=\"nhsuk-input nhsuk-input--width-20\""_html},
                  errors),
      DateField(form, errors),
      RenderField({"identifier", "Other identifier", "For example, a hospital number.",
                   form.identifier, "class=\"nhsuk-input nhsuk-input--width-20\""_html},
                  errors),
      "<button class=\"nhsuk-button\" type=\"submit\">Find patient</button></form>"_html);
  if (may_list) {
    out.Add(
        "<form method=\"post\" action=\"/search\"><input type=\"hidden\" name=\"list\" "
        "value=\"all\"><button class=\"nhsuk-button nhsuk-button--secondary\" "
        "type=\"submit\">List all patients</button></form>"_html);
  }
  return out;
}

Html MatchesPage(const Matches& matches) {
  Html out;
  out.Add("<p class=\"page-back\"><a class=\"nhsuk-back-link\" href=\"/\">New search</a></p>"_html,
          matches.patients.empty() ? "<h1 class=\"nhsuk-heading-l\">No patient found</h1>"_html
                                   : "<h1 class=\"nhsuk-heading-l\">Patients</h1>"_html,
          SearchedFor(matches.form));
  if (matches.patients.empty()) return out.Add(NothingFound());
  if (SameNhsNumberTwice(matches)) {
    out.Add(Warning("More than one record has this NHS number",
                    Html("<p>Report this, and use name and date of birth to tell the records "
                         "apart.</p>"_html)));
  }
  Table table("Patients found", {"Name", "Born", "Gender", "NHS number", "Address"});
  for (const json::Document& document : matches.patients) {
    const Value patient = document.root();
    table.Row({PatientCell(patient), BornText(patient, matches.now_us),
               Html::Text(GenderText(patient)), NhsNumberText(patient), Address(patient)});
  }
  out.Add(Count(matches), table.Render());
  if (!matches.next_path.empty()) {
    out.Add("<nav class=\"viewer-paging\" aria-label=\"Pages\"><ul><li><a href=\""_html,
            matches.next_path, "\" rel=\"next\">More patients</a></li></ul></nav>"_html);
  }
  return out;
}

}  // namespace strata::record_viewer
