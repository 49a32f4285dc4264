#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/service_record_viewer/html.h"
#include "plugins/service_record_viewer/page.h"
#include "plugins/service_record_viewer/record_source.h"

// What the sections of the record have in common: loading, sorting, saying what is left out, and
// naming the source.
namespace strata::record_viewer {

// One request for one section of one patient's record.
struct SectionRequest {
  RecordSource& source;
  std::string patient_id;
  std::string path;  // of this page, for links
  std::int64_t now_us = 0;
  Paging paging;

  std::string RecordPath() const { return "/record/" + patient_id; }
};

// Entries of one type, newest first, without those that were entered in error: these are counted
// and never shown as facts.
struct Facts {
  ResourceList list;
  std::vector<json::Value> values;
  std::size_t entered_in_error = 0;
  bool truncated = false;
};

using DateOf = std::string_view (*)(json::Value resource);

// `more` are further search parameters beside the patient. Errors are the data layer's.
Result<Facts> LoadFacts(const SectionRequest& request, std::string_view type, DateOf date_of,
                        const web::Parameters& more = {});

// Adds the entries of `from` (another type) and sorts again.
void Merge(Facts&& from, DateOf date_of, Facts* into);

// Remarks below a list: how many entries were entered in error, whether there are more than were
// read.
Html FactsRemarks(const Facts& facts);

// "3 more are not shown here." when a summary was cut.
Html MoreRemark(std::size_t most, std::size_t total);

// First of the members that is there.
json::Value FirstOf(json::Value resource, std::initializer_list<std::string_view> members);

// Names of who recorded the entry: of each member that holds a Reference (or a list of them, or
// actors), in order; "Source not recorded" when there is none.
Html SourceText(RecordSource& source, json::Value resource,
                std::initializer_list<std::string_view> members);

// Tag for a status code, in a colour that says whether it holds.
Html StatusTag(std::string_view code);

// Whether the resource belongs to the patient: a page below /record/A must never show B's data.
bool BelongsTo(json::Value resource, std::string_view patient_id);

// A part of a section with a heading, e.g. current and past problems.
struct Group {
  std::string heading;
  std::string when_empty;  // shown on the first page; nothing is shown when this is empty too
  std::vector<json::Value> values;
};

using RenderRows = std::function<Html(const Group& group, std::span<const json::Value> rows)>;

// The groups one after the other, cut to the page that was asked for, with links to the others.
Html RenderGroups(const SectionRequest& request, const std::vector<Group>& groups,
                  const RenderRows& render);

}  // namespace strata::record_viewer
