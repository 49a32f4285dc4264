#pragma once

#include <vector>

#include "plugins/service_console/page.h"
#include "plugins/service_console/rates.h"

namespace strata::console {

// Where the slots stand in the picture of a stack: in rows, each above what it uses. Positions are
// indexes into StatusResponse.slots.
struct DiagramRow {
  // A slot, or a wire that passes through the row down to a slot.
  struct Cell {
    int slot = 0;
    bool through = false;
  };
  // A wire from a cell of this row to a cell of the next one, by their numbers.
  struct Wire {
    std::size_t from = 0;
    std::size_t to = 0;
  };
  std::string layer;
  std::vector<Cell> cells;
  std::vector<Wire> wires;
};

// Rows from the digital services down. What requires something beside or above it, or the core, has
// no wire for that.
std::vector<DiagramRow> LayOut(const core::v1::StatusResponse& status);

// The stack as a picture: a band for each layer, a box for each slot, wires between them; on a
// phone the boxes one below the other, without wires. Every box says in words what it uses.
Html Diagram(const core::v1::StatusResponse& status, const RateMeter::Rates& rates);

}  // namespace strata::console
