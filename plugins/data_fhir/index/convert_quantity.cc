#include "plugins/data_fhir/index/convert_quantity.h"

#include <limits>
#include <optional>
#include <string>

#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/number_value.h"
#include "plugins/data_fhir/index/quantity_units.h"

namespace strata::fhir::index {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

QuantityUnit UnitOf(json::Value quantity) {
  return {quantity["system"].string(), quantity["code"].string(), quantity["unit"].string()};
}

QuantityUnit CurrencyOf(json::Value money) {
  return {"urn:iso:std:iso:4217", money["currency"].string(), {}};
}

}  // namespace

void AppendQuantities(DataType data, json::Value value,
                      const std::function<void(std::string_view bytes)>& add) {
  std::string bytes;
  if (data == DataType::kRange) {
    const json::Value low = value["low"];
    const json::Value high = value["high"];
    if (!low && !high) return;
    AppendQuantityRange(ParseNumber(low["value"].lexeme()).value_or(-kInfinity),
                        ParseNumber(high["value"].lexeme()).value_or(kInfinity),
                        UnitOf(low ? low : high), &bytes);
    return add(bytes);
  }
  const std::optional<double> number = ParseNumber(value["value"].lexeme());
  if (!number) return;
  const QuantityUnit unit = data == DataType::kMoney ? CurrencyOf(value) : UnitOf(value);
  AppendQuantity(*number, unit, &bytes);
  add(bytes);
  if (unit.system != kUcumSystem) return;
  const std::optional<BaseUnit> base = BaseUnitOf(unit.code);
  if (!base) return;
  bytes.clear();
  AppendCanonicalQuantity(base->Convert(*number), base->name, &bytes);
  add(bytes);
}

}  // namespace strata::fhir::index
