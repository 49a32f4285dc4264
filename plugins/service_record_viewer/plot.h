#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/service_record_viewer/html.h"

// Trend plots as inline SVG: no scripts and no style attributes, so that the content security
// policy can forbid both. A plot is an addition: the page holds the same values as a table.
namespace strata::record_viewer {

struct PlotPoint {
  std::int64_t time_us = 0;
  double value = 0;
  // "<" or ">" was recorded: the value is a bound, drawn hollow.
  bool bound = false;
};

struct PlotSeries {
  std::string label;
  std::vector<PlotPoint> points;  // oldest first
};

// Values of one unit over time. Never mixes units.
struct Plot {
  std::string title;
  std::string unit;
  std::vector<PlotSeries> series;
  std::optional<double> range_low;  // reference range of the latest value
  std::optional<double> range_high;

  // Two points at least: one value is no trend.
  bool drawable() const;
};

// Both sizes of the plot; the style sheet shows the one that fits the screen.
Html RenderPlot(const Plot& plot);

}  // namespace strata::record_viewer
