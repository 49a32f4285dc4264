#include "plugins/service_console/plan.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;

Html OccupantCell(const v1::Occupant& occupant) {
  Html out = Html::Text(OccupantName(occupant));
  if (occupant.plugin().empty()) return out;
  out.Add("<span class=\"page-detail\">"_html, IsolationName(occupant.isolation()));
  if (!occupant.digest().empty()) {
    out.Add(", digest "_html, ShortDigest(occupant.digest()));
  }
  return out.Add("</span>"_html);
}

Html WhatCell(const v1::SlotChange& change) {
  Html out = Html::Text(ActionName(change.action()));
  Html detail;
  if (change.mode() != v1::SWAP_MODE_UNSPECIFIED) {
    detail.Add("By "_html, ModeName(change.mode()), ": "_html, ModeMeaning(change.mode()),
               " "_html);
  }
  if (!change.settings().empty()) {
    detail.Add("Settings that differ: "_html);
    for (int i = 0; i < change.settings_size(); ++i) {
      detail.Add(i == 0 ? ""_html : ", "_html, change.settings(i));
    }
    detail.Add("."_html);
  }
  if (change.has_format_from() && change.has_format_to()) {
    const v1::StoredFormat& from = change.format_from();
    const v1::StoredFormat& to = change.format_to();
    detail.Add(" Stored format "_html, from.name(), " "_html, from.writes());
    if (from.writes() != to.writes()) detail.Add(" to "_html, to.writes());
    detail.Add("."_html);
  }
  if (detail.empty()) return out;
  return out.Add("<span class=\"page-detail\">"_html, detail, "</span>"_html);
}

}  // namespace

Html SlotChanges(const SlotChangeList& slots) {
  Table table("What happens to which slot", {"Slot", "What happens", "From", "To"});
  for (const v1::SlotChange& slot : slots) {
    table.Row({Html::Text(slot.slot()), WhatCell(slot), OccupantCell(slot.from()),
               OccupantCell(slot.to())});
  }
  if (table.empty()) return Html("<p>No slot is changed.</p>"_html);
  return table.Render();
}

Html RenderPlan(const v1::Plan& plan) {
  Html out = SlotChanges(plan.slots());
  if (plan.warnings().empty()) return out;
  Html list;
  list.Add("<ul>"_html);
  for (const std::string& warning : plan.warnings()) list.Add("<li>"_html, warning, "</li>"_html);
  list.Add("</ul>"_html);
  return out.Add(Warning("Before you go on", list));
}

}  // namespace strata::console
