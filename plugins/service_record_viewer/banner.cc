#include "plugins/service_record_viewer/banner.h"

#include <array>

#include "core/base/datetime.h"
#include "plugins/service_record_viewer/dates.h"
#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/nhs_number.h"

namespace strata::record_viewer {
namespace {

using json::Value;

struct SectionLink {
  std::string_view path;
  std::string_view label;
};
constexpr std::array<SectionLink, 8> kSections = {{{"", "Summary"},
                                                   {"problems", "Problems"},
                                                   {"medicines", "Medicines"},
                                                   {"allergies", "Allergies"},
                                                   {"results", "Results"},
                                                   {"immunisations", "Immunisations"},
                                                   {"encounters", "Encounters"},
                                                   {"documents", "Documents"}}};

bool IsDead(Value patient) {
  return patient["deceasedBoolean"].bool_value() || patient["deceasedDateTime"];
}

// Status of the NHS number, for those that are not verified. UK Core, extension
// NHSNumberVerificationStatus: "01" and the word are the same state in two code systems.
std::string_view VerificationRemark(Value identifier) {
  for (const Value extension : identifier["extension"].elements()) {
    if (extension["url"].string().find("NHSNumberVerificationStatus") == std::string_view::npos) {
      continue;
    }
    const std::string_view code = FirstCode(extension["valueCodeableConcept"]);
    return code == "01" || code == "number-present-and-verified" ? "" : "not verified";
  }
  return {};
}

Value NhsIdentifier(Value patient) {
  for (const Value identifier : patient["identifier"].elements()) {
    if (identifier["system"].string() == kNhsNumberSystem && identifier["value"]) {
      return identifier;
    }
  }
  return {};
}

Html Item(std::string_view label, const Html& value) {
  return Html().Add("<div class=\"viewer-banner__item\"><dt>"_html, label, "</dt><dd>"_html, value,
                    "</dd></div>"_html);
}

}  // namespace

std::string_view NhsNumberOf(Value patient) { return NhsIdentifier(patient)["value"].string(); }

Html NhsNumberText(Value patient) {
  const Value identifier = NhsIdentifier(patient);
  const std::string_view number = identifier["value"].string();
  if (number.empty()) return Html("<span class=\"viewer-absent\">Not recorded</span>"_html);
  Html out;
  out.Add("<span class=\"nhsuk-u-nowrap\">"_html, FormatNhsNumber(number), "</span>"_html);
  if (!ParseNhsNumber(number).ok()) out.Add(" (not a valid NHS number)"_html);
  const std::string_view remark = VerificationRemark(identifier);
  if (!remark.empty()) out.Add(" ("_html, remark, ")"_html);
  return out;
}

Html BornText(Value patient, std::int64_t now_us) {
  const std::string_view date = patient["birthDate"].string();
  if (date.empty()) return Html("<span class=\"viewer-absent\">Not recorded</span>"_html);
  Html out;
  out.Add("<time class=\"nhsuk-u-nowrap\" datetime=\""_html, date, "\">"_html, BannerDate(date),
          "</time>"_html);
  const std::string age = IsDead(patient) ? std::string() : Age(date, now_us);
  if (!age.empty()) out.Add(" ("_html, age, ")"_html);
  return out;
}

std::string DiedText(Value patient) {
  if (!IsDead(patient)) return {};
  const std::string_view date = patient["deceasedDateTime"].string();
  if (date.empty()) return "Died (date not recorded)";
  const std::string_view day = date.substr(0, date.find('T'));
  std::string out = "Died " + BannerDate(day);
  const auto at = web::ParseDateTime(day);
  if (!at) return out;
  const std::string age = Age(patient["birthDate"].string(), at->begin_us);
  return age.empty() ? out : out + " (" + age + ")";
}

Html PatientBanner(Value patient, std::int64_t now_us) {
  Html out;
  out.Add(
      "<section class=\"viewer-banner\" aria-label=\"Patient\"><div "
      "class=\"nhsuk-width-container\"><p class=\"viewer-banner__name\">"_html,
      PatientName(patient), "</p><dl class=\"viewer-banner__items\">"_html,
      Item("Born", BornText(patient, now_us)));
  if (const std::string died = DiedText(patient); !died.empty()) {
    out.Add(Item("Deceased", Tag(died, TagColour::kGrey)));
  }
  return out.Add(Item("Gender", Html::Text(GenderText(patient))),
                 Item("NHS No.", NhsNumberText(patient)), "</dl></div></section>\n"_html);
}

Html RecordMenu(std::string_view patient_id, std::string_view current) {
  Html out;
  out.Add(
      "<nav class=\"viewer-menu\" aria-label=\"Record\"><div "
      "class=\"nhsuk-width-container\"><ul>"_html);
  for (const SectionLink& section : kSections) {
    out.Add("<li><a href=\"/record/"_html, patient_id, section.path.empty() ? ""_html : "/"_html,
            section.path, "\""_html,
            section.path == current ? " aria-current=\"page\""_html : ""_html, ">"_html,
            section.label, "</a></li>"_html);
  }
  return out.Add("</ul></div></nav>\n"_html);
}

}  // namespace strata::record_viewer
