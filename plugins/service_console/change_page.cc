#include "plugins/service_console/change_page.h"

#include <algorithm>

#include "core/base/form.h"
#include "plugins/service_console/fields.h"
#include "plugins/service_console/plan.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;

constexpr std::uint32_t kHistory = 200;

bool HasEnded(const v1::Change& change) {
  return change.state() != v1::Change::STATE_RUNNING &&
         change.state() != v1::Change::STATE_PROBATION;
}

std::string SlotsOf(const v1::Change& change) {
  std::string out;
  for (const v1::SlotChange& slot : change.slots()) out += (out.empty() ? "" : ", ") + slot.slot();
  return out;
}

// "strata.hosting.memory 0.1.0 (3f0a...) to ...", for the history.
Html FromTo(const v1::Change& change) {
  Html out;
  for (const v1::SlotChange& slot : change.slots()) {
    const auto occupant = [](const v1::Occupant& one) {
      Html text = Html::Text(OccupantName(one));
      if (!one.digest().empty()) text.Add(" ("_html, ShortDigest(one.digest()), ")"_html);
      return text;
    };
    out.Add("<span class=\"console-step\">"_html, Link(SlotPath(slot.slot()), slot.slot()),
            "<span class=\"page-detail\">"_html, occupant(slot.from()), " to "_html,
            occupant(slot.to()), "</span></span>"_html);
  }
  return out;
}

Html Outcome(const v1::Change& change) {
  Html out = StateTag(change.state());
  out.Add("<span class=\"page-detail\">"_html);
  if (change.pause_us() > 0) {
    out.Add("Paused "_html, Duration(static_cast<double>(change.pause_us()) / 1e6), ". "_html);
  }
  if (change.generation_after() != 0) {
    out.Add(Count(change.drained()), " drained, "_html, Count(change.cancelled()),
            " cancelled. "_html);
  }
  if (!change.reason().empty()) out.Add(change.reason());
  return out.Add("</span>"_html);
}

Html HistoryTable(const v1::ListChangesResponse& list) {
  Table table("Changes, newest first", {"Change", "Slots", "Result", "Who", "Begun"});
  for (const v1::Change& change : list.changes()) {
    table.Row({Link(ChangePath(change.id()), KindName(change.kind())), FromTo(change),
               Outcome(change), Html::Text(change.who().empty() ? "unknown" : change.who()),
               Time(change.started_us())});
  }
  return table.Render();
}

Html NoHistory() {
  return Inset(Html("<p>Not available: this core keeps no history of changes yet.</p>"_html));
}

std::string Took(const v1::Change& change, std::int64_t now_us) {
  const std::int64_t end = change.finished_us() != 0 ? change.finished_us() : now_us;
  return Duration(static_cast<double>(std::max<std::int64_t>(0, end - change.started_us())) / 1e6);
}

Html Generations(const v1::Change& change) {
  if (change.generation_after() == 0) {
    return Html::Text(Count(change.generation_before()) + ", not switched");
  }
  return Html::Text(Count(change.generation_before()) + " to " + Count(change.generation_after()));
}

Html ChangeFacts(const v1::Change& change, std::int64_t now_us) {
  Facts facts;
  facts.emplace_back("State", StateTag(change.state()));
  if (!change.step().empty() && change.state() == v1::Change::STATE_RUNNING) {
    facts.emplace_back("Step", Html::Text(change.step()));
  }
  facts.emplace_back("Reason", Html::Text(change.reason()));
  facts.emplace_back("Asked by", Html::Text(change.who()));
  facts.emplace_back("Begun", Time(change.started_us()));
  if (change.finished_us() != 0) facts.emplace_back("Ended", Time(change.finished_us()));
  facts.emplace_back(HasEnded(change) ? "Took" : "Since", Html::Text(Took(change, now_us)));
  if (change.state() == v1::Change::STATE_PROBATION && change.probation_until_us() > 0) {
    facts.emplace_back("On probation until", Time(change.probation_until_us()));
  }
  facts.emplace_back("Generation", Generations(change));
  if (change.generation_after() != 0) {
    facts.emplace_back("Requests paused for",
                       Html::Text(change.pause_us() == 0
                                      ? std::string("no time")
                                      : Duration(static_cast<double>(change.pause_us()) / 1e6)));
    facts.emplace_back("Requests drained", Html::Text(Count(change.drained())));
    facts.emplace_back("Requests cancelled", Html::Text(Count(change.cancelled())));
    if (change.resumed() > 0) {
      facts.emplace_back("Endless calls begun anew", Html::Text(Count(change.resumed())));
    }
  }
  facts.emplace_back("Id", Html::Text(change.id()));
  return SummaryList(facts);
}

// What a running change can be asked: where it has switched, that is to keep what runs.
std::string_view EndVerb(const v1::Change& change) {
  return change.state() == v1::Change::STATE_PROBATION ? "End the probation" : "Stop this change";
}

Html ChangeBody(const v1::Change& change, std::int64_t now_us) {
  Html out = ProgressBar(change.progress(), !HasEnded(change));
  out.Add(ChangeFacts(change, now_us), "<h2 class=\"nhsuk-heading-m\">What it changes</h2>"_html,
          SlotChanges(change.slots()));
  if (HasEnded(change)) {
    out.Add("<p class=\"console-actions\">"_html, LinkButton("/", "Back to the stack"),
            "</p>"_html);
    return out;
  }
  out.Add("<p class=\"console-actions\">"_html,
          LinkButton(ChangePath(change.id(), "/end"), EndVerb(change), true));
  if (change.state() == v1::Change::STATE_PROBATION && change.slots_size() > 0) {
    out.Add(" "_html,
            LinkButton(SlotPath(change.slots(0).slot(), "/rollback"), "Roll back now", true));
  }
  return out.Add("</p>"_html);
}

}  // namespace

std::string ChangePath(std::string_view id, std::string_view below) {
  std::string out = "/changes/";
  web::AppendPercentEncoded(id, &out);
  return out.append(below);
}

std::string ChangeTitle(const v1::Change& change) {
  const std::string slots = SlotsOf(change);
  return std::string(KindName(change.kind())) + (slots.empty() ? "" : ": " + slots);
}

Html ProgressBar(const v1::Progress& progress, bool copying) {
  if (progress.rows() == 0 && progress.rows_total() == 0) return {};
  Html out;
  out.Add("<div class=\"console-progress\">"_html);
  if (progress.rows_total() > 0) {
    const std::uint64_t done = std::min(progress.rows(), progress.rows_total());
    out.Add("<progress max=\""_html, progress.rows_total(), "\" value=\""_html, done,
            "\" aria-label=\"Rows copied\"></progress>"_html);
  }
  out.Add("<p>"_html, Count(progress.rows()), " rows"_html);
  if (progress.rows_total() > 0) out.Add(" of "_html, Count(progress.rows_total()));
  out.Add(", "_html, Bytes(progress.bytes()));
  if (progress.bytes_total() > 0) out.Add(" of "_html, Bytes(progress.bytes_total()));
  if (copying) {
    if (progress.rows_per_second() > 0) {
      out.Add(", "_html, Count(static_cast<std::uint64_t>(progress.rows_per_second())),
              " rows per second"_html);
    }
    if (progress.seconds_left() > 0) {
      out.Add(", about "_html, Duration(progress.seconds_left()), " left"_html);
    }
    out.Add("; "_html, Count(progress.lag()), " commits behind"_html);
  }
  return out.Add(".</p></div>"_html);
}

Html ChangesOf(const View& view, const std::string& slot, std::uint32_t limit) {
  const auto list = view.core.Changes(view.cx, slot, limit);
  if (!list.ok()) {
    return list.status().code() == Code::kUnimplemented
               ? NoHistory()
               : Inset(Html().Add("<p>The history cannot be read now: "_html,
                                  list.status().message(), "</p>"_html));
  }
  if (list->changes().empty()) return Html("<p>Nothing has been changed yet.</p>"_html);
  return HistoryTable(*list);
}

Html RunningChanges(const View& view) {
  const auto list = view.core.Changes(view.cx, {}, 10);
  Html out;
  if (!list.ok()) return out;
  for (const v1::Change& change : list->changes()) {
    if (HasEnded(change)) continue;
    out.Add("<li>"_html, StateTag(change.state()), " "_html,
            Link(ChangePath(change.id()), ChangeTitle(change)));
    if (change.state() == v1::Change::STATE_PROBATION && change.probation_until_us() > 0) {
      out.Add(" until "_html, Time(change.probation_until_us()));
    } else if (!change.step().empty()) {
      out.Add(", step: "_html, change.step());
    }
    out.Add("</li>"_html);
  }
  if (out.empty()) return out;
  return Html().Add("<ul class=\"console-running\">"_html, out, "</ul>"_html);
}

Result<Page> HistoryPage(const View& view, const std::string& slot) {
  Page page;
  page.title = slot.empty() ? "Changes" : "Changes of " + slot;
  page.main.Add("<h1 class=\"nhsuk-heading-l\">"_html, page.title, "</h1>"_html);
  if (!slot.empty())
    page.main.Add("<p>"_html, Link("/changes", "Changes of all slots"), "</p>"_html);
  page.main.Add(ChangesOf(view, slot, kHistory));
  return page;
}

Result<LiveUpdate> ChangeLive(const View& view, const std::string& id) {
  STRATA_ASSIGN_OR_RETURN(const v1::Change change, view.core.FindChange(view.cx, id));
  return LiveUpdate{ChangeBody(change, view.now_us), HasEnded(change)};
}

Result<Page> ChangePage(const View& view, const std::string& id) {
  STRATA_ASSIGN_OR_RETURN(const v1::Change change, view.core.FindChange(view.cx, id));
  Page page;
  page.title = ChangeTitle(change);
  page.main.Add(BackLink("/changes", "All changes"), "<h1 class=\"nhsuk-heading-l\">"_html,
                page.title, "</h1>"_html);
  const Html body = ChangeBody(change, view.now_us);
  if (HasEnded(change)) {
    page.main.Add(body);
    return page;
  }
  page.live_path = ChangePath(id, "/live");
  page.main.Add(LiveRegion(body, ChangePath(id), page.live_path, view.now_us));
  return page;
}

Result<Page> EndChangePage(const View& view, const std::string& id) {
  STRATA_ASSIGN_OR_RETURN(const v1::Change change, view.core.FindChange(view.cx, id));
  if (HasEnded(change)) return RedirectTo(ChangePath(id));
  Page page;
  page.title = EndVerb(change);
  page.main.Add(BackLink(ChangePath(id), "Back to the change"),
                "<h1 class=\"nhsuk-heading-l\">"_html, page.title, "</h1>"_html);
  if (change.state() == v1::Change::STATE_PROBATION) {
    page.main.Add(
        "<p>What runs now is kept, and the core no longer takes it back by itself when it does "
        "worse "
        "than what was there before. You can still roll back by hand.</p>"_html);
  } else {
    page.main.Add(
        "<p>It has not switched yet. It is given up, and everything stays as it is.</p>"_html);
  }
  page.main.Add(SlotChanges(change.slots()),
                PostForm(ChangePath(id, "/end"), view.token, SubmitButton(page.title)), "<p>"_html,
                Link(ChangePath(id), "Leave it as it is"), "</p>"_html);
  return page;
}

Result<Page> EndChange(const View& view, const std::string& id) {
  STRATA_RETURN_IF_ERROR(view.core.EndChange(view.cx, id).status());
  return RedirectTo(ChangePath(id));
}

}  // namespace strata::console
