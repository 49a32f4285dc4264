#include "plugins/service_console/slot_page.h"

#include "plugins/service_console/action_page.h"
#include "plugins/service_console/change_page.h"
#include "plugins/service_console/trial_page.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;

constexpr std::uint32_t kLastChanges = 10;

Html UsesText(const v1::Slot& slot) {
  Html out;
  for (const v1::Binding& binding : slot.bindings()) {
    out.Add("<span class=\"console-step\">"_html);
    if (binding.slot() == "core") {
      out.Add("the core"_html);
    } else {
      out.Add(Link(SlotPath(binding.slot()), binding.slot()));
    }
    out.Add(" as "_html, binding.name(), "<span class=\"page-detail\">"_html, binding.service(),
            "</span></span>"_html);
  }
  return out;
}

Html UsedBy(const v1::StatusResponse& status, const v1::Slot& slot) {
  Html out;
  for (const v1::Slot& other : status.slots()) {
    for (const v1::Binding& binding : other.bindings()) {
      if (binding.slot() != slot.name()) continue;
      out.Add(out.empty() ? ""_html : ", "_html, Link(SlotPath(other.name()), other.name()));
      break;
    }
  }
  return out;
}

Html Provides(const v1::Slot& slot) {
  Html out;
  for (const std::string& service : slot.provides()) {
    out.Add(out.empty() ? ""_html : ", "_html, service);
  }
  return out;
}

Html Isolation(const v1::Slot& slot) {
  Html out = Html::Text(IsolationName(slot.isolation()));
  if (slot.pid() != 0) out.Add(", process "_html, slot.pid());
  if (slot.restarts() > 0) out.Add(", restarted "_html, Count(slot.restarts()), " times"_html);
  return out;
}

Html Format(const v1::Slot& slot) {
  Html out;
  if (!slot.has_format()) return out;
  const v1::StoredFormat& format = slot.format();
  out.Add(format.name(), " "_html, format.writes());
  if (format.on_disk() < format.writes()) out.Add(", in part still "_html, format.on_disk());
  if (format.writes() < format.newest()) {
    out.Add("<span class=\"page-detail\">Format "_html, format.newest(),
            " waits until the old one is given up</span>"_html);
  }
  return out;
}

Html Previous(const v1::Slot& slot) {
  Html out;
  if (!slot.has_previous()) return out;
  out.Add(OccupantName(slot.previous()));
  if (!slot.previous().digest().empty()) {
    out.Add(" ("_html, ShortDigest(slot.previous().digest()), ")"_html);
  }
  return out;
}

Html HealthText(const v1::Slot& slot) {
  Html out = HealthTag(slot);
  if (!slot.health().reason().empty()) {
    out.Add("<span class=\"page-detail\">"_html, slot.health().reason(), "</span>"_html);
  }
  return out;
}

Html RateText(const v1::Slot& slot, const RateMeter::Rates& rates) {
  const auto rate = rates.find(slot.name());
  const v1::CallStats& calls = slot.calls();
  Html out;
  if (rate != rates.end()) out.Add(Rate(rate->second), ", "_html);
  return out.Add(Count(calls.calls()), " so far, "_html, Count(calls.in_flight()),
                 " in flight, "_html, Count(calls.errors()), " errors"_html);
}

Html FactsOf(const v1::StatusResponse& status, const v1::Slot& slot,
             const RateMeter::Rates& rates) {
  Facts facts;
  facts.emplace_back("Plugin", Html::Text(slot.plugin() + " " + slot.version()));
  facts.emplace_back("Health", HealthText(slot));
  facts.emplace_back("Layer", Html::Text(LayerName(slot.layer())));
  facts.emplace_back("Runs", Isolation(slot));
  if (slot.probation_until_us() != 0) {
    facts.emplace_back("On probation until", Time(slot.probation_until_us()));
  }
  facts.emplace_back("Calls", RateText(slot, rates));
  facts.emplace_back("Answers in", Html::Text("p50 " + Latency(slot.calls().p50_us()) + ", p99 " +
                                              Latency(slot.calls().p99_us())));
  facts.emplace_back("Uses", UsesText(slot));
  facts.emplace_back("Used by", UsedBy(status, slot));
  facts.emplace_back("Provides", Provides(slot));
  facts.emplace_back("Stored format", Format(slot));
  facts.emplace_back("Before it", Previous(slot));
  facts.emplace_back("Package", Html::Text(slot.package()));
  facts.emplace_back("Digest", Html::Text(slot.digest()));
  if (slot.differs_from_file()) {
    facts.emplace_back("Stack file", Html::Text("A change put here what the file does not say"));
  }
  if (slot.optional()) facts.emplace_back("Optional", Html::Text("The stack runs without it"));
  return SummaryList(facts);
}

Html WhatCanBeDone(const View& view, const v1::Slot& slot) {
  Html buttons;
  Html others;
  const auto offer = [&](std::string_view title, std::string_view name, const std::string& why) {
    if (why.empty()) {
      buttons.Add(LinkButton(SlotPath(slot.name(), "/" + std::string(name)), title,
                             /*secondary=*/!buttons.empty()),
                  " "_html);
    } else {
      others.Add("<li>"_html, title, ": "_html, why, "</li>"_html);
    }
  };
  for (const Action& action : Actions()) {
    if (Applies(action, slot)) offer(action.title, action.name, WhyNot(view, action, slot));
  }
  offer("Try another plugin beside it", "trial",
        view.core.Can(view.cx, Ability::kTrial) ? "" : "Not available in this core.");
  Html out;
  out.Add("<h2 class=\"nhsuk-heading-m\">What you can do</h2>"_html);
  if (!buttons.empty()) out.Add("<p class=\"console-actions\">"_html, buttons, "</p>"_html);
  if (!others.empty()) out.Add("<ul class=\"console-others\">"_html, others, "</ul>"_html);
  return out;
}

struct Found {
  v1::StatusResponse status;
  const v1::Slot* slot = nullptr;
};

Result<Found> Look(const View& view, const std::string& name) {
  STRATA_ASSIGN_OR_RETURN(v1::StatusResponse status, view.core.Status(view.cx));
  Found found{std::move(status), nullptr};
  found.slot = FindSlot(found.status, name);
  if (found.slot == nullptr) return NotFound("no slot " + name);
  return found;
}

Html LiveOf(const View& view, const Found& found) {
  return FactsOf(found.status, *found.slot, view.rates.Update(found.status, view.now_us));
}

}  // namespace

Result<Html> SlotLive(const View& view, const std::string& name) {
  STRATA_ASSIGN_OR_RETURN(const Found found, Look(view, name));
  return LiveOf(view, found);
}

Result<Page> SlotPage(const View& view, const std::string& name) {
  STRATA_ASSIGN_OR_RETURN(const Found found, Look(view, name));
  const v1::Slot& slot = *found.slot;
  Page page;
  page.title = "Slot " + slot.name();
  page.live_path = SlotPath(slot.name(), "/live");
  page.main.Add(BackLink("/", "Back to the stack"), "<h1 class=\"nhsuk-heading-l\">"_html,
                slot.name(), "</h1>"_html, WhatCanBeDone(view, slot),
                "<h2 class=\"nhsuk-heading-m\">What runs in it</h2>"_html,
                LiveRegion(LiveOf(view, found), SlotPath(slot.name()), page.live_path, view.now_us),
                TrialsOf(view, slot.name()),
                "<h2 class=\"nhsuk-heading-m\">What was changed</h2>"_html,
                ChangesOf(view, slot.name(), kLastChanges));
  return page;
}

}  // namespace strata::console
