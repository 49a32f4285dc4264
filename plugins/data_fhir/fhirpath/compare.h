#pragma once

#include <optional>

#include "plugins/data_fhir/fhirpath/item.h"

// Private to this folder: equality, equivalence and order of single items (FHIRPath #equality).
namespace strata::fhirpath {

// nullopt: the precision or the units leave it open.
std::optional<bool> Equal(const Item& a, const Item& b);
bool Equivalent(const Item& a, const Item& b);

struct OrderResult {
  bool comparable = false;   // False: the types have no order between them.
  std::optional<int> order;  // -1, 0, 1; nullopt: left open.
};
OrderResult Order(const Item& a, const Item& b);

// True when both units measure the same dimension.
bool Comparable(const Quantity& a, const Quantity& b);
// Integer and Decimal as Decimal.
std::optional<Decimal> ToDecimal(const Item& system);
// Numbers are quantities of unit 1.
std::optional<Quantity> ToQuantity(const Item& system);

}  // namespace strata::fhirpath
