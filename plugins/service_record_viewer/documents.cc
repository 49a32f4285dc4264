#include <array>
#include <optional>

#include "core/base/form.h"
#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/sections.h"

// DocumentReference and DiagnosticReport: FHIR R4 documentreference.html, diagnosticreport.html.
namespace strata::record_viewer {
namespace {

using json::Value;

constexpr std::size_t kMaxText = 256 * 1024;

std::string_view DocumentDate(Value document) {
  for (const std::string_view member : {"date", "effectiveDateTime", "issued"}) {
    if (const auto date = document[member].string(); !date.empty()) return date;
  }
  if (const auto start = document["effectivePeriod"]["start"].string(); !start.empty()) {
    return start;
  }
  return document["context"]["period"]["start"].string();
}

std::string Title(Value document) {
  if (const auto text = document["description"].string(); !text.empty()) return std::string(text);
  std::string title = ConceptText(FirstOf(document, {"type", "code"}));
  return title.empty() ? "Document without title" : title;
}

std::string_view KindText(Value document) {
  return document["resourceType"].string() == "DiagnosticReport" ? "Report" : "Document";
}

Html Source(RecordSource& source, Value document) {
  return SourceText(source, document,
                    {"author", "authenticator", "performer", "resultsInterpreter", "custodian"});
}

Result<Facts> Load(SectionRequest& request) {
  STRATA_ASSIGN_OR_RETURN(Facts facts, LoadFacts(request, "DocumentReference", DocumentDate));
  STRATA_ASSIGN_OR_RETURN(Facts reports, LoadFacts(request, "DiagnosticReport", DocumentDate));
  Merge(std::move(reports), DocumentDate, &facts);
  return facts;
}

int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

// RFC 4648 section 4; white space is skipped. Nothing for anything else.
std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '=') continue;
    const int value = Base64Value(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    if ((count += 6) >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xFF));
    }
  }
  return out;
}

// Text is shown; anything else is named, so that nobody takes the page for the whole document.
Html Attachment(Value attachment) {
  const std::string_view type = attachment["contentType"].string();
  Html out;
  if (const auto title = attachment["title"].string(); !title.empty()) {
    out.Add("<h3 class=\"nhsuk-heading-s\">"_html, title, "</h3>"_html);
  }
  if (type.starts_with("text/plain") && attachment["data"]) {
    const auto text = DecodeBase64(attachment["data"].string());
    if (text && web::IsUtf8(*text)) {
      const bool cut = text->size() > kMaxText;
      std::string_view shown = std::string_view(*text).substr(0, kMaxText);
      while (!shown.empty() && !web::IsUtf8(shown)) shown.remove_suffix(1);
      out.Add("<div class=\"viewer-document\">"_html, shown, "</div>"_html);
      if (cut) out.Add("<p>The text is longer; the rest is not shown here.</p>"_html);
      return out;
    }
  }
  return out.Add(Inset(Html().Add("<p>This attachment cannot be shown here. Type: "_html,
                                  type.empty() ? "not recorded" : type, ".</p>"_html)));
}

Html SummaryRow(std::string_view key, const Html& value) {
  return Html().Add(
      "<div class=\"nhsuk-summary-list__row\"><dt class=\"nhsuk-summary-list__key\">"_html, key,
      "</dt><dd class=\"nhsuk-summary-list__value\">"_html, value, "</dd></div>"_html);
}

// Observations that a report is made of, with links to their trends.
Html ReportResults(SectionRequest& request, Value report) {
  if (report["result"].size() == 0) return {};
  Html out("<h2 class=\"nhsuk-heading-m\">Results in this report</h2><ul>"_html);
  for (const Value reference : report["result"].elements()) {
    const std::string_view text = reference["reference"].string();
    const std::string name = request.source.NameOf(reference, report);
    if (text.starts_with("Observation/")) {
      const std::string_view id = text.substr(12, text.find('/', 12) - 12);
      out.Add("<li><a href=\""_html, request.RecordPath(), "/results/"_html, id, "\">"_html, name,
              "</a></li>"_html);
    } else {
      out.Add("<li>"_html, name, "</li>"_html);
    }
  }
  return out.Add("</ul>"_html);
}

}  // namespace

Result<Html> DocumentsSection(SectionRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, Load(request));
  Html out("<h1 class=\"nhsuk-heading-l\">Documents</h1>"_html);
  const Group all = {"Documents and reports", "No documents are recorded.", facts.values};
  out.Add(RenderGroups(request, {all}, [&](const Group& group, auto rows) {
    Table table(group.heading, {"Title", "Date", "Kind", "Status", "Source"});
    for (const Value document : rows) {
      Html title;
      title.Add("<a href=\""_html, request.RecordPath(), "/documents/"_html,
                document["resourceType"].string(), "/"_html, document["id"].string(), "\">"_html,
                Title(document), "</a>"_html);
      table.Row({title, DateText(DocumentDate(document)), Html::Text(KindText(document)),
                 StatusTag(document["status"].string()), Source(request.source, document)});
    }
    return table.Render();
  }));
  return out.Add(FactsRemarks(facts));
}

Result<Html> DocumentPage(SectionRequest& request, std::string_view type, std::string_view id) {
  if (type != "DocumentReference" && type != "DiagnosticReport") {
    return NotFound("no such kind of document");
  }
  STRATA_ASSIGN_OR_RETURN(const json::Document loaded, request.source.Read(type, id));
  const Value document = loaded.root();
  if (!BelongsTo(document, request.patient_id)) return NotFound("no such document in this record");
  Html out;
  out.Add("<p class=\"page-back\"><a class=\"nhsuk-back-link\" href=\""_html, request.RecordPath(),
          "/documents\">All documents</a></p>"_html);
  if (document["status"].string() == "entered-in-error" ||
      document["docStatus"].string() == "entered-in-error") {
    return out.Add("<h1 class=\"nhsuk-heading-l\">Document entered in error</h1>"_html,
                   "<p>This document was marked as entered in error. Its content is not "
                   "shown.</p>"_html);
  }
  out.Add("<h1 class=\"nhsuk-heading-l\">"_html, Title(document), "</h1>"_html,
          "<dl class=\"nhsuk-summary-list\">"_html,
          SummaryRow("Date", DateText(DocumentDate(document))),
          SummaryRow("Kind", Html::Text(KindText(document))),
          SummaryRow("Status", StatusTag(document["status"].string())),
          SummaryRow("Source", Source(request.source, document)), "</dl>"_html);
  if (const auto conclusion = document["conclusion"].string(); !conclusion.empty()) {
    out.Add("<h2 class=\"nhsuk-heading-m\">Conclusion</h2><p>"_html, conclusion, "</p>"_html);
  }
  for (const Value content : document["content"].elements()) {
    out.Add(Attachment(content["attachment"]));
  }
  for (const Value form : document["presentedForm"].elements()) out.Add(Attachment(form));
  return out.Add(ReportResults(request, document));
}

}  // namespace strata::record_viewer
