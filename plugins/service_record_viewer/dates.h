#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Dates for people. Partial dates stay partial: nothing is shown that was not written.
namespace strata::record_viewer {

// "24 Sep 2011", "Sep 2011", "2011", "24 Sep 2011, 06:52"; the clock time is the one written, in
// the place where it was written. What is no FHIR date is given back as it is.
std::string ShortDate(std::string_view fhir_date);

// "24-Sep-2011" as the patient banner wants it (ISB 1505); partial dates as above.
std::string BannerDate(std::string_view fhir_date);

// Age as NHS common user interface guidance writes it: "45y", "11y 2m", "15m 3d", "28w 1d", "27d".
// `at_us` is the moment to count to. "about 45y" when day or month of birth are not known; empty
// when there is no date or it lies later.
std::string Age(std::string_view birth_date, std::int64_t at_us);

// For sorting: the beginning of the time that the date covers; the smallest number when there is
// no date.
std::int64_t SortKey(std::string_view fhir_date);

}  // namespace strata::record_viewer
