#pragma once

// Packed rows of the hosting contract's Scan: strata::Row, RowReader, AppendRow.
#include "core/base/rows.h"  // IWYU pragma: export
