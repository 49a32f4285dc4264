#include "plugins/service_console/diagram.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <utility>

namespace strata::console {
namespace {

namespace v1 = core::v1;
using Cell = DiagramRow::Cell;

// More boxes than this in one row stand without wires, in several lines.
constexpr std::size_t kMaxColumns = 6;

int LayerRank(std::string_view layer) {
  constexpr std::array<std::string_view, 4> kLayers = {"tool", "service", "data", "hosting"};
  return static_cast<int>(std::find(kLayers.begin(), kLayers.end(), layer) - kLayers.begin());
}

class Layouter {
 public:
  explicit Layouter(const v1::StatusResponse& status) : status_(status) {
    for (int i = 0; i < status.slots_size(); ++i) numbers_[status.slots(i).name()] = i;
  }

  std::vector<DiagramRow> Run() {
    PlaceSlots();
    for (std::size_t row = rows_.size(); row-- > 0;) Finish(row);
    return std::move(rows_);
  }

 private:
  // The slots that `slot` uses, as numbers.
  std::vector<int> Used(int slot) const {
    std::vector<int> out;
    for (const v1::Binding& binding : status_.slots(slot).bindings()) {
      const auto found = numbers_.find(binding.slot());
      if (found != numbers_.end()) out.push_back(found->second);
    }
    return out;
  }

  // How many slots of its own layer are below it, one under the other.
  int Depth(int slot, int guard) const {
    int depth = 0;
    for (const int used : Used(slot)) {
      if (guard == 0 || status_.slots(used).layer() != status_.slots(slot).layer()) continue;
      depth = std::max(depth, Depth(used, guard - 1) + 1);
    }
    return depth;
  }

  void PlaceSlots() {
    std::map<std::pair<int, int>, std::vector<int>> levels;
    for (int i = 0; i < status_.slots_size(); ++i) {
      levels[{LayerRank(status_.slots(i).layer()), -Depth(i, status_.slots_size())}].push_back(i);
    }
    for (const auto& [level, slots] : levels) {
      DiagramRow& row = rows_.emplace_back();
      row.layer = status_.slots(slots.front()).layer();
      for (const int slot : slots) {
        row.cells.push_back({slot, false});
        row_of_[slot] = rows_.size() - 1;
      }
    }
  }

  // What a cell's wires lead to.
  std::vector<int> Targets(const Cell& cell, std::size_t row) const {
    if (cell.through) return {cell.slot};
    std::vector<int> out;
    for (const int used : Used(cell.slot)) {
      if (row_of_.at(used) > row) out.push_back(used);
    }
    return out;
  }

  std::size_t CellOf(const DiagramRow& row, int slot) const {
    const auto found = std::find_if(row.cells.begin(), row.cells.end(),
                                    [slot](const Cell& cell) { return cell.slot == slot; });
    return static_cast<std::size_t>(found - row.cells.begin());
  }

  // Adds the wires that pass through this row, orders its cells above what they use and connects
  // them with the row below, which is finished.
  void Finish(std::size_t number) {
    DiagramRow& row = rows_[number];
    std::set<int> passing;
    for (const auto& [slot, slot_row] : row_of_) {
      if (slot_row >= number) continue;
      for (const int used : Used(slot)) {
        if (row_of_[used] > number) passing.insert(used);
      }
    }
    for (const int slot : passing) row.cells.push_back({slot, true});
    if (number + 1 == rows_.size()) return;
    const DiagramRow& below = rows_[number + 1];
    const auto mean = [&](const Cell& cell) {
      double sum = 0;
      const std::vector<int> targets = Targets(cell, number);
      for (const int target : targets) {
        sum += (static_cast<double>(CellOf(below, target)) + 0.5) /
               static_cast<double>(below.cells.size());
      }
      return targets.empty() ? 1.0 : sum / static_cast<double>(targets.size());
    };
    std::stable_sort(row.cells.begin(), row.cells.end(),
                     [&](const Cell& a, const Cell& b) { return mean(a) < mean(b); });
    for (std::size_t from = 0; from < row.cells.size(); ++from) {
      for (const int target : Targets(row.cells[from], number)) {
        row.wires.push_back({from, CellOf(below, target)});
      }
    }
  }

  const v1::StatusResponse& status_;
  std::map<std::string, int, std::less<>> numbers_;
  std::map<int, std::size_t> row_of_;
  std::vector<DiagramRow> rows_;
};

std::string PercentOf(double part) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%.4g%%", part * 100);
  return text.data();
}

std::string Centre(std::size_t cell, std::size_t cells) {
  return PercentOf((static_cast<double>(cell) + 0.5) / static_cast<double>(cells));
}

Html Line(const std::string& x1, const std::string& y1, const std::string& x2,
          const std::string& y2, bool tip) {
  return Html().Add("<line x1=\""_html, x1, "\" y1=\""_html, y1, "\" x2=\""_html, x2,
                    "\" y2=\""_html, y2, "\""_html,
                    tip ? " marker-end=\"url(#console-tip)\""_html : ""_html, "/>"_html);
}

// The wires between two rows: down, across on a level of their own for each target, down.
Html Wires(const DiagramRow& row, const DiagramRow& below) {
  if (row.cells.size() > kMaxColumns || below.cells.size() > kMaxColumns) return {};
  std::set<std::size_t> targets;
  for (const DiagramRow::Wire& wire : row.wires) targets.insert(wire.to);
  Html out;
  out.Add(
      "<svg class=\"console-wires\" width=\"100%\" height=\"40\" aria-hidden=\"true\" "
      "focusable=\"false\">"_html);
  for (const DiagramRow::Wire& wire : row.wires) {
    const auto level = std::distance(targets.begin(), targets.find(wire.to)) + 1;
    const std::string y =
        PercentOf(static_cast<double>(level) / static_cast<double>(targets.size() + 1));
    const std::string from = Centre(wire.from, row.cells.size());
    const std::string to = Centre(wire.to, below.cells.size());
    out.Add(Line(from, "0", from, y, false), Line(from, y, to, y, false),
            Line(to, y, to, "100%", !below.cells[wire.to].through));
  }
  return out.Add("</svg>"_html);
}

Html Numbers(const v1::Slot& slot, const RateMeter::Rates& rates) {
  const auto rate = rates.find(slot.name());
  Html out;
  out.Add("<dl class=\"console-numbers\"><div><dt>Calls</dt><dd>"_html,
          rate == rates.end() ? Count(slot.calls().calls()) + " so far" : Rate(rate->second),
          "</dd></div><div><dt>p50</dt><dd>"_html, Latency(slot.calls().p50_us()),
          "</dd></div><div><dt>p99</dt><dd>"_html, Latency(slot.calls().p99_us()),
          "</dd></div>"_html);
  if (slot.calls().errors() > 0) {
    out.Add("<div><dt>Errors</dt><dd>"_html, Count(slot.calls().errors()), "</dd></div>"_html);
  }
  return out.Add("</dl>"_html);
}

Html Uses(const v1::Slot& slot) {
  Html out;
  for (const v1::Binding& binding : slot.bindings()) {
    out.Add(out.empty() ? "Uses "_html : ", "_html);
    if (binding.slot() == "core") {
      out.Add("the core"_html);
    } else {
      out.Add(binding.slot());
    }
    if (binding.name() != binding.slot()) out.Add(" as "_html, binding.name());
  }
  if (out.empty()) return out;
  return Html().Add("<p class=\"console-box__uses\">"_html, out, "</p>"_html);
}

Markup BoxClass(const v1::Slot& slot) {
  if (slot.health().state() == v1::Health::STATE_SERVING) return " console-box--serving"_html;
  if (slot.health().state() == v1::Health::STATE_STARTING) return " console-box--starting"_html;
  return " console-box--down"_html;
}

Html Box(const v1::Slot& slot, const RateMeter::Rates& rates) {
  Html out;
  out.Add("<li class=\"console-slot\"><div class=\"console-box"_html, BoxClass(slot),
          "\"><h3 class=\"console-box__name\"><a href=\""_html, SlotPath(slot.name()), "\">"_html,
          slot.name(), "</a></h3><p class=\"console-box__plugin\">"_html, slot.plugin(), " "_html,
          slot.version(), "<br>"_html, IsolationName(slot.isolation()),
          "</p><p class=\"console-box__tags\">"_html, HealthTag(slot));
  if (slot.probation_until_us() != 0) out.Add(" "_html, Tag("On probation", TagColour::kYellow));
  if (slot.state() == "DRAINING") out.Add(" "_html, Tag("Draining", TagColour::kYellow));
  out.Add("</p>"_html);
  if (!slot.health().reason().empty()) {
    out.Add("<p class=\"console-box__reason\">"_html, slot.health().reason(), "</p>"_html);
  }
  return out.Add(Numbers(slot, rates), Uses(slot), "</div></li>"_html);
}

// Six classes instead of a style attribute, which the content security policy forbids.
Markup ColumnsClass(std::size_t cells) {
  switch (cells) {
    case 1:
      return " console-row--1"_html;
    case 2:
      return " console-row--2"_html;
    case 3:
      return " console-row--3"_html;
    case 4:
      return " console-row--4"_html;
    case 5:
      return " console-row--5"_html;
    case kMaxColumns:
      return " console-row--6"_html;
    default:
      return " console-row--many"_html;
  }
}

Html RowOf(const DiagramRow& row, const v1::StatusResponse& status, const RateMeter::Rates& rates) {
  Html out;
  out.Add("<ul class=\"console-row"_html, ColumnsClass(row.cells.size()), "\">"_html);
  for (const Cell& cell : row.cells) {
    if (!cell.through) {
      out.Add(Box(status.slots(cell.slot), rates));
    } else if (row.cells.size() <= kMaxColumns) {
      out.Add(
          "<li class=\"console-through\" aria-hidden=\"true\"><svg width=\"100%\" height=\"100%\" "
          "focusable=\"false\">"_html,
          Line("50%", "0", "50%", "100%", false), "</svg></li>"_html);
    }
  }
  return out.Add("</ul>"_html);
}

}  // namespace

std::vector<DiagramRow> LayOut(const v1::StatusResponse& status) { return Layouter(status).Run(); }

Html Diagram(const v1::StatusResponse& status, const RateMeter::Rates& rates) {
  const std::vector<DiagramRow> rows = LayOut(status);
  Html out;
  out.Add(
      "<div class=\"console-diagram\"><svg class=\"console-defs\" width=\"0\" height=\"0\" "
      "aria-hidden=\"true\" focusable=\"false\"><defs><marker id=\"console-tip\" viewBox=\"0 0 8 "
      "8\" "
      "refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 8 "
      "4 0 "
      "8z\"/></marker></defs></svg>"_html);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool starts = i == 0 || rows[i - 1].layer != rows[i].layer;
    const bool ends = i + 1 == rows.size() || rows[i + 1].layer != rows[i].layer;
    if (starts) {
      out.Add("<section class=\"console-band\"><h2 class=\"console-band__name\">"_html,
              LayerName(rows[i].layer), "</h2><div class=\"console-band__rows\">"_html);
    }
    out.Add(RowOf(rows[i], status, rates));
    if (!ends) out.Add(Wires(rows[i], rows[i + 1]));
    if (ends) out.Add("</div></section>"_html);
    if (ends && i + 1 < rows.size()) {
      out.Add("<div class=\"console-gap\">"_html, Wires(rows[i], rows[i + 1]), "</div>"_html);
    }
  }
  return out.Add("</div>"_html);
}

}  // namespace strata::console
