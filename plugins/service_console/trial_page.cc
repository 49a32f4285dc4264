#include "plugins/service_console/trial_page.h"

#include "core/base/form.h"
#include "plugins/service_console/fields.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;

bool Runs(const v1::Trial& trial) {
  return trial.state() == v1::Trial::STATE_PREPARING || trial.state() == v1::Trial::STATE_RUNNING;
}

std::string Shares(const v1::Trial& trial) {
  std::string out;
  if (trial.shadow_percent() > 0) out = Percent(trial.shadow_percent()) + " of reads copied";
  if (trial.canary_percent() > 0) {
    out += (out.empty() ? "" : ", ") + Percent(trial.canary_percent()) + " of patients answered";
  }
  return out;
}

// "99.9 %" of what was compared is the same.
std::string SameShare(std::uint64_t same, std::uint64_t compared) {
  if (compared == 0) return "nothing compared yet";
  const double share = static_cast<double>(same) / static_cast<double>(compared) * 100;
  // Never "100 %" for less than all.
  const double shown = same < compared && share > 99.9 ? 99.9 : share;
  return Percent(shown) + " the same";
}

std::string Compared(const v1::Trial& trial) {
  if (trial.canary_percent() > 0) {
    return Count(trial.candidate_calls().calls()) + " requests answered";
  }
  std::uint64_t same = 0;
  std::uint64_t compared = 0;
  for (const v1::TrialMethod& method : trial.methods()) {
    same += method.same();
    compared += method.compared();
  }
  return SameShare(same, compared);
}

Html TrialTable(const v1::ListTrialsResponse& list) {
  Table table("Trials, newest first", {"Trial", "Candidate", "State", "Compared", "Begun"});
  for (const v1::Trial& trial : list.trials()) {
    Html state = StateTag(trial.state());
    if (!trial.reason().empty()) {
      state.Add("<span class=\"page-detail\">"_html, trial.reason(), "</span>"_html);
    }
    Html candidate = Html::Text(OccupantName(trial.candidate()));
    candidate.Add("<span class=\"page-detail\">"_html, Shares(trial), "</span>"_html);
    table.Row({Link(TrialPath(trial.id()), "Trial in " + trial.slot()), candidate, state,
               Html::Text(Compared(trial)), Time(trial.started_us())});
  }
  return table.Render();
}

Html TrialFacts(const v1::Trial& trial) {
  Facts facts;
  facts.emplace_back("State", StateTag(trial.state()));
  facts.emplace_back("Reason", Html::Text(trial.reason()));
  facts.emplace_back("Serves the slot", Html::Text(OccupantName(trial.live())));
  facts.emplace_back("Candidate", Html::Text(OccupantName(trial.candidate())));
  facts.emplace_back("Digest of the candidate", Html::Text(trial.candidate().digest()));
  facts.emplace_back("Shares", Html::Text(Shares(trial)));
  facts.emplace_back("Answers", Html::Text(Compared(trial)));
  if (trial.skipped() > 0) {
    facts.emplace_back("Not compared",
                       Html::Text(Count(trial.skipped()) +
                                  " copies: the candidate was behind, or the data had changed"));
  }
  facts.emplace_back("Begun", Time(trial.started_us()));
  if (trial.ended_us() != 0) facts.emplace_back("Ended", Time(trial.ended_us()));
  return SummaryList(facts);
}

Html MethodTable(const v1::Trial& trial) {
  Table table("Answers by method",
              {"Method", "Compared", "Same", "Different", "Errors", "p50", "p99"});
  const auto both = [](double live, double candidate) {
    return Html().Add(Latency(candidate), "<span class=\"page-detail\">live: "_html, Latency(live),
                      "</span>"_html);
  };
  for (const v1::TrialMethod& method : trial.methods()) {
    const std::string_view name = method.method();
    Html cell = Html::Text(name.substr(name.rfind('/') + 1));
    cell.Add("<span class=\"page-detail\">"_html, name.substr(1, name.rfind('/') - 1),
             "</span>"_html);
    table.Row({cell, Html::Text(Count(method.compared())), Html::Text(Count(method.same())),
               Html::Text(Count(method.different())), Html::Text(Count(method.errors())),
               both(method.live().p50_us(), method.candidate().p50_us()),
               both(method.live().p99_us(), method.candidate().p99_us())});
  }
  return table.empty() ? Html("<p>Nothing has been compared yet.</p>"_html) : table.Render();
}

Html DifferenceTable(const v1::Trial& trial) {
  Table table("Where answers differed", {"Path in the answer", "Method", "Times"});
  for (const v1::TrialMethod& method : trial.methods()) {
    const std::string_view name = method.method();
    for (const v1::TrialDifference& difference : method.differences()) {
      table.Row({Html().Add("<code>"_html, difference.path(), "</code>"_html),
                 Html::Text(name.substr(name.rfind('/') + 1)),
                 Html::Text(Count(difference.count()))});
    }
  }
  return table.empty() ? Html("<p>No answer has differed.</p>"_html) : table.Render();
}

Html CanaryTable(const v1::Trial& trial) {
  Table table("Calls of both since it began",
              {"Patients", "Answered by", "Calls", "Failed", "p50", "p99"});
  const auto row = [&](const char* which, const v1::Occupant& by, const v1::CallStats& calls) {
    table.Row({Html::Text(which), Html::Text(OccupantName(by)), Html::Text(Count(calls.calls())),
               Html::Text(Count(calls.errors())), Html::Text(Latency(calls.p50_us())),
               Html::Text(Latency(calls.p99_us()))});
  };
  row("Of the share", trial.candidate(), trial.candidate_calls());
  row("All others", trial.live(), trial.live_calls());
  return table.Render();
}

Html Findings(const v1::Trial& trial) {
  Html out("<h2 class=\"nhsuk-heading-m\">How it compares</h2>"_html);
  if (trial.canary_percent() > 0) return out.Add(CanaryTable(trial));
  return out.Add(MethodTable(trial),
                 "<h2 class=\"nhsuk-heading-m\">Where answers differ</h2><p>Paths only, never what "
                 "a record says.</p>"_html,
                 DifferenceTable(trial));
}

Html TrialBody(const v1::Trial& trial) {
  Html out = TrialFacts(trial);
  out.Add(Findings(trial), "<p class=\"console-actions\">"_html);
  if (Runs(trial)) {
    out.Add(LinkButton(TrialPath(trial.id(), "/end"), "End the trial", true));
  } else {
    out.Add(LinkButton(SlotPath(trial.slot()), "Back to " + trial.slot(), true));
  }
  return out.Add("</p>"_html);
}

std::string TitleOf(const v1::Trial& trial) { return "Trial in " + trial.slot(); }

}  // namespace

std::string TrialPath(std::string_view id, std::string_view below) {
  std::string out = "/trials/";
  web::AppendPercentEncoded(id, &out);
  return out.append(below);
}

Html TrialsOf(const View& view, std::string_view slot) {
  Html out;
  const auto list = view.core.Trials(view.cx);
  if (!list.ok()) return out;
  for (const v1::Trial& trial : list->trials()) {
    if (trial.slot() != slot || !Runs(trial)) continue;
    out.Add("<li>"_html, StateTag(trial.state()), " "_html, Link(TrialPath(trial.id()), "Trial"),
            " of "_html, OccupantName(trial.candidate()), ": "_html, Compared(trial), "</li>"_html);
  }
  if (out.empty()) return out;
  return Html().Add("<ul class=\"console-running\">"_html, out, "</ul>"_html);
}

Result<Page> TrialsPage(const View& view) {
  Page page;
  page.title = "Trials";
  page.main.Add("<h1 class=\"nhsuk-heading-l\">Trials</h1>"_html);
  const auto list = view.core.Trials(view.cx);
  if (list.status().code() == Code::kUnimplemented) {
    page.main.Add(
        Inset(Html("<p>Not available in this core: it cannot try a plugin beside another "
                   "one yet.</p>"_html)));
    return page;
  }
  if (!list.ok()) return list.status();
  page.main.Add(
      "<p>A trial runs a candidate beside the plugin that serves a slot and compares their "
      "answers. To "
      "start one, open a slot.</p>"_html,
      list->trials().empty()
          ? Inset(Html("<p>There has been no trial since the core started.</p>"_html))
          : TrialTable(*list));
  return page;
}

Result<LiveUpdate> TrialLive(const View& view, const std::string& id) {
  STRATA_ASSIGN_OR_RETURN(const v1::Trial trial, view.core.FindTrial(view.cx, id));
  return LiveUpdate{TrialBody(trial), !Runs(trial)};
}

Result<Page> TrialPage(const View& view, const std::string& id) {
  STRATA_ASSIGN_OR_RETURN(const v1::Trial trial, view.core.FindTrial(view.cx, id));
  Page page;
  page.title = TitleOf(trial);
  page.main.Add(BackLink("/trials", "All trials"), "<h1 class=\"nhsuk-heading-l\">"_html,
                page.title, "</h1>"_html);
  const Html body = TrialBody(trial);
  if (!Runs(trial)) {
    page.main.Add(body);
    return page;
  }
  page.live_path = TrialPath(id, "/live");
  page.main.Add(LiveRegion(body, TrialPath(id), page.live_path, view.now_us));
  return page;
}

Result<Page> EndTrialPage(const View& view, const std::string& id) {
  STRATA_ASSIGN_OR_RETURN(const v1::Trial trial, view.core.FindTrial(view.cx, id));
  if (!Runs(trial)) return RedirectTo(TrialPath(id));
  Page page;
  page.title = "End the trial";
  page.main.Add(
      BackLink(TrialPath(id), "Back to the trial"),
      "<h1 class=\"nhsuk-heading-l\">End the trial in "_html, trial.slot(),
      "</h1><p>The candidate "_html, OccupantName(trial.candidate()),
      trial.canary_percent() > 0
          ? " is taken out: its patients go back to the live plugin, and what it wrote stays in "
            "the record. "
          : " is stopped and its copy of the data is thrown away. ",
      "The figures are kept until the core stops.</p>"_html,
      PostForm(TrialPath(id, "/end"), view.token, SubmitButton("End the trial")), "<p>"_html,
      Link(TrialPath(id), "Let it run"), "</p>"_html);
  return page;
}

Result<Page> EndTrial(const View& view, const std::string& id) {
  STRATA_RETURN_IF_ERROR(view.core.EndTrial(view.cx, id).status());
  return RedirectTo(TrialPath(id));
}

}  // namespace strata::console
