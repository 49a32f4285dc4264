#include "plugins/service_record_viewer/search_form.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>

#include "core/base/datetime.h"
#include "plugins/service_record_viewer/nhs_number.h"

namespace strata::record_viewer {
namespace {

constexpr std::size_t kMaxField = 200;
constexpr std::size_t kMaxWords = 8;

struct FieldName {
  std::string_view name;
  std::string SearchForm::*member;
};
constexpr std::array<FieldName, 6> kFields = {{{"nhs-number", &SearchForm::nhs_number},
                                               {"name", &SearchForm::name},
                                               {"dob-day", &SearchForm::day},
                                               {"dob-month", &SearchForm::month},
                                               {"dob-year", &SearchForm::year},
                                               {"identifier", &SearchForm::identifier}}};

std::string Trimmed(std::string_view text) {
  const auto space = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(space) - begin + 1));
}

// Words, without the comma of "SMITH, John".
std::vector<std::string> Words(std::string_view name) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : name) {
    if (c == ' ' || c == ',' || c == '\t') {
      if (!word.empty()) out.push_back(std::move(word));
      word.clear();
    } else {
      word.push_back(c);
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

std::optional<unsigned> Number(const std::string& text) {
  if (text.empty() || text.size() > 4 ||
      !std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); })) {
    return std::nullopt;
  }
  return static_cast<unsigned>(std::stoul(text));
}

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

// "3", "03", "mar", "March".
std::optional<unsigned> Month(const std::string& text) {
  if (const auto number = Number(text)) {
    return *number >= 1 && *number <= 12 ? number : std::nullopt;
  }
  std::string lower = text.substr(0, 3);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (lower == kMonths[i]) return i + 1;
  }
  return std::nullopt;
}

bool HasDate(const SearchForm& form) {
  return !form.day.empty() || !form.month.empty() || !form.year.empty();
}

// "1948", "1948-07" or "1948-07-05"; nothing when the parts are no date.
std::optional<std::string> BirthDate(const SearchForm& form) {
  const auto year = Number(form.year);
  if (!year || form.year.size() != 4) return std::nullopt;
  char text[32];
  std::snprintf(text, sizeof(text), "%04u", *year);
  std::string out = text;
  if (!form.month.empty()) {
    const auto month = Month(form.month);
    if (!month) return std::nullopt;
    std::snprintf(text, sizeof(text), "-%02u", *month);
    out += text;
  }
  if (!form.day.empty()) {
    const auto day = Number(form.day);
    if (!day || *day > 31 || form.month.empty()) return std::nullopt;
    std::snprintf(text, sizeof(text), "-%02u", *day);
    out += text;
  }
  if (!web::ParseDateTime(out)) return std::nullopt;
  return out;
}

FieldError DateError(const SearchForm& form) {
  if (form.year.empty()) return {"dob-year", "Date of birth must include a year"};
  if (!Number(form.year) || form.year.size() != 4) {
    return {"dob-year", "Year of birth must be 4 numbers, for example 1948"};
  }
  if (form.month.empty() && !form.day.empty()) {
    return {"dob-month", "Date of birth must include a month if it includes a day"};
  }
  if (!form.month.empty() && !Month(form.month)) {
    return {"dob-month", "Month of birth must be a number from 1 to 12, or its name"};
  }
  return {"dob-day", "Date of birth must be a real date"};
}

// "$", "," and "|" have a meaning in search values (FHIR R4 search.html#escaping).
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '$' || c == ',' || c == '|') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

}  // namespace

bool SearchForm::blank() const {
  return std::all_of(kFields.begin(), kFields.end(),
                     [this](const FieldName& field) { return (this->*field.member).empty(); });
}

SearchForm ReadSearchForm(const web::Parameters& fields) {
  SearchForm form;
  for (const auto& [name, value] : fields) {
    for (const FieldName& field : kFields) {
      if (name == field.name) form.*field.member = Trimmed(value);
    }
  }
  return form;
}

std::vector<FieldError> CheckSearchForm(const SearchForm& form) {
  std::vector<FieldError> errors;
  if (form.blank()) {
    errors.push_back({"nhs-number", "Enter an NHS number, a name or a date of birth"});
    return errors;
  }
  const std::string_view nhs = NhsNumberMessage(ParseNhsNumber(form.nhs_number).problem);
  if (!nhs.empty()) errors.push_back({"nhs-number", std::string(nhs)});
  if (form.name.size() > kMaxField || Words(form.name).size() > kMaxWords) {
    errors.push_back({"name", "Name must be shorter"});
  }
  if (HasDate(form) && !BirthDate(form)) errors.push_back(DateError(form));
  if (form.identifier.size() > kMaxField) {
    errors.push_back({"identifier", "Identifier must be shorter"});
  }
  return errors;
}

web::Parameters SearchParameters(const SearchForm& form) {
  web::Parameters out;
  if (const NhsNumber number = ParseNhsNumber(form.nhs_number); number.ok()) {
    out.emplace_back("identifier", std::string(kNhsNumberSystem) + "|" + number.digits);
  }
  for (const std::string& word : Words(form.name)) out.emplace_back("name", Escaped(word));
  if (HasDate(form)) {
    if (auto date = BirthDate(form)) out.emplace_back("birthdate", *std::move(date));
  }
  if (!form.identifier.empty()) out.emplace_back("identifier", Escaped(form.identifier));
  return out;
}

web::Parameters DescribeSearch(const SearchForm& form) {
  web::Parameters out;
  if (const NhsNumber number = ParseNhsNumber(form.nhs_number); number.ok()) {
    out.emplace_back("NHS number", FormatNhsNumber(number.digits));
  }
  if (!form.name.empty()) out.emplace_back("Name", form.name);
  if (HasDate(form)) {
    std::string date = form.day;
    for (const std::string* part : {&form.month, &form.year}) {
      if (!date.empty() && !part->empty()) date += ' ';
      date += *part;
    }
    out.emplace_back("Date of birth", date);
  }
  if (!form.identifier.empty()) out.emplace_back("Identifier", form.identifier);
  return out;
}

}  // namespace strata::record_viewer
