#include "plugins/service_record_viewer/plot.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>

namespace strata::record_viewer {
namespace {

struct Size {
  double width;
  double height;
  double left;    // room for the labels of the value axis
  double bottom;  // room for the labels of the time axis
};
constexpr Size kNarrow = {320, 240, 44, 28};
constexpr Size kWide = {720, 280, 56, 32};
constexpr double kTop = 12;
constexpr double kRight = 16;

constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string Number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}
std::string Coordinate(double value) { return Number(value, 1); }

struct Scale {
  double low = 0;
  double high = 1;
  double step = 1;
  int decimals = 0;
};

// Steps of 1, 2 or 5 times a power of ten, about five of them.
Scale NiceScale(double low, double high) {
  if (high - low < std::numeric_limits<double>::epsilon() * std::max(1.0, std::abs(high))) {
    const double pad = low == 0 ? 1 : std::abs(low) * 0.1;
    low -= pad;
    high += pad;
  }
  const double raw = (high - low) / 4;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double fraction = raw / power;
  Scale scale;
  scale.step = (fraction <= 1 ? 1 : fraction <= 2 ? 2 : fraction <= 5 ? 5 : 10) * power;
  scale.low = std::floor(low / scale.step) * scale.step;
  scale.high = std::ceil(high / scale.step) * scale.step;
  scale.decimals = std::clamp(static_cast<int>(-std::floor(std::log10(scale.step))), 0, 6);
  return scale;
}

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  std::int64_t begin_us = std::numeric_limits<std::int64_t>::max();
  std::int64_t end_us = std::numeric_limits<std::int64_t>::min();
};

Extent ExtentOf(const Plot& plot) {
  Extent out;
  for (const PlotSeries& series : plot.series) {
    for (const PlotPoint& point : series.points) {
      out.low = std::min(out.low, point.value);
      out.high = std::max(out.high, point.value);
      out.begin_us = std::min(out.begin_us, point.time_us);
      out.end_us = std::max(out.end_us, point.time_us);
    }
  }
  for (const auto& bound : {plot.range_low, plot.range_high}) {
    if (!bound) continue;
    out.low = std::min(out.low, *bound);
    out.high = std::max(out.high, *bound);
  }
  return out;
}

// Draws one plot in one size.
class Drawing {
 public:
  Drawing(const Plot& plot, const Size& size)
      : plot_(plot),
        size_(size),
        extent_(ExtentOf(plot)),
        scale_(NiceScale(extent_.low, extent_.high)) {}

  Html Draw(Markup css_class) {
    out_.Add("<svg class=\"viewer-plot "_html, css_class, "\" viewBox=\"0 0 "_html,
             Coordinate(size_.width), " "_html, Coordinate(size_.height),
             "\" role=\"img\" aria-label=\""_html, Description(), "\">"_html);
    Range();
    ValueAxis();
    TimeAxis();
    for (std::size_t i = 0; i < plot_.series.size(); ++i) Series(plot_.series[i], i);
    return out_.Add("</svg>"_html);
  }

 private:
  double X(std::int64_t time_us) const {
    const double width = size_.width - size_.left - kRight;
    if (extent_.end_us == extent_.begin_us) return size_.left + width / 2;
    return size_.left + width * static_cast<double>(time_us - extent_.begin_us) /
                            static_cast<double>(extent_.end_us - extent_.begin_us);
  }
  double Y(double value) const {
    const double height = size_.height - kTop - size_.bottom;
    return kTop + height * (scale_.high - value) / (scale_.high - scale_.low);
  }

  std::string Description() const {
    std::size_t points = 0;
    for (const PlotSeries& series : plot_.series) points += series.points.size();
    return "Plot of " + plot_.title + ": " + std::to_string(points) +
           " values. The table on this page has the same values.";
  }

  void Line(Markup css_class, double x1, double y1, double x2, double y2) {
    out_.Add("<line class=\""_html, css_class, "\" x1=\""_html, Coordinate(x1), "\" y1=\""_html,
             Coordinate(y1), "\" x2=\""_html, Coordinate(x2), "\" y2=\""_html, Coordinate(y2),
             "\"/>"_html);
  }
  void Label(Markup anchor, double x, double y, std::string_view text) {
    out_.Add("<text text-anchor=\""_html, anchor, "\" x=\""_html, Coordinate(x), "\" y=\""_html,
             Coordinate(y), "\">"_html, text, "</text>"_html);
  }

  // The reference range as a band.
  void Range() {
    if (!plot_.range_low && !plot_.range_high) return;
    const double top = Y(plot_.range_high.value_or(scale_.high));
    const double bottom = Y(plot_.range_low.value_or(scale_.low));
    out_.Add("<rect class=\"viewer-plot__range\" x=\""_html, Coordinate(size_.left), "\" y=\""_html,
             Coordinate(top), "\" width=\""_html, Coordinate(size_.width - size_.left - kRight),
             "\" height=\""_html, Coordinate(std::max(0.0, bottom - top)), "\"/>"_html);
  }

  void ValueAxis() {
    const int steps = static_cast<int>(std::lround((scale_.high - scale_.low) / scale_.step));
    for (int i = 0; i <= steps; ++i) {
      const double value = scale_.low + i * scale_.step;
      Line("viewer-plot__grid"_html, size_.left, Y(value), size_.width - kRight, Y(value));
      Label("end"_html, size_.left - 6, Y(value) + 4, Number(value, scale_.decimals));
    }
  }

  void Tick(std::int64_t time_us, Markup anchor, std::string_view text) {
    const double y = size_.height - size_.bottom;
    Line("viewer-plot__tick"_html, X(time_us), y, X(time_us), y + 5);
    Label(anchor, X(time_us), y + 19, text);
  }

  void TimeAxis() {
    using namespace std::chrono;  // NOLINT(google-build-using-namespace): calendar arithmetic
    const auto to_date = [](std::int64_t us) {
      return year_month_day(floor<days>(sys_time<microseconds>(microseconds(us))));
    };
    const year_month_day first = to_date(extent_.begin_us);
    const year_month_day last = to_date(extent_.end_us);
    const int first_year = static_cast<int>(first.year()) + 1;
    const int last_year = static_cast<int>(last.year());
    if (last_year - first_year < 2) {
      Tick(extent_.begin_us, "start"_html, DayLabel(first));
      if (extent_.end_us != extent_.begin_us) Tick(extent_.end_us, "end"_html, DayLabel(last));
      return;
    }
    const int most = size_.width < 500 ? 4 : 8;
    const int step = (last_year - first_year) / most + 1;
    for (int y = first_year; y <= last_year; y += step) {
      const sys_days day = year(y) / January / 1;
      Tick(duration_cast<microseconds>(day.time_since_epoch()).count(), "middle"_html,
           std::to_string(y));
    }
  }

  static std::string DayLabel(std::chrono::year_month_day date) {
    return std::to_string(static_cast<unsigned>(date.day())) + " " +
           kMonths[static_cast<unsigned>(date.month()) - 1] + " " +
           std::to_string(static_cast<int>(date.year()));
  }

  void Series(const PlotSeries& series, std::size_t index) {
    const Markup css_class = index == 0   ? "viewer-plot__series viewer-plot__series--1"_html
                             : index == 1 ? "viewer-plot__series viewer-plot__series--2"_html
                                          : "viewer-plot__series viewer-plot__series--3"_html;
    out_.Add("<g class=\""_html, css_class, "\"><polyline points=\""_html);
    for (const PlotPoint& point : series.points) {
      out_.Add(Coordinate(X(point.time_us)), ","_html, Coordinate(Y(point.value)), " "_html);
    }
    out_.Add("\"/>"_html);
    for (const PlotPoint& point : series.points) Marker(point, index);
    out_.Add("</g>"_html);
  }

  // Series differ by the shape of their markers, not by colour alone (WCAG 1.4.1).
  void Marker(const PlotPoint& point, std::size_t index) {
    const double x = X(point.time_us);
    const double y = Y(point.value);
    const Markup hollow = point.bound ? " class=\"viewer-plot__bound\""_html : ""_html;
    if (index == 0) {
      out_.Add("<circle"_html, hollow, " cx=\""_html, Coordinate(x), "\" cy=\""_html, Coordinate(y),
               "\" r=\"3.5\"/>"_html);
    } else if (index == 1) {
      out_.Add("<rect"_html, hollow, " x=\""_html, Coordinate(x - 3.5), "\" y=\""_html,
               Coordinate(y - 3.5), "\" width=\"7\" height=\"7\"/>"_html);
    } else {
      out_.Add("<path"_html, hollow, " d=\"M"_html, Coordinate(x), " "_html, Coordinate(y - 4.5),
               "l4.5 8h-9z\"/>"_html);
    }
  }

  const Plot& plot_;
  const Size& size_;
  const Extent extent_;
  const Scale scale_;
  Html out_;
};

}  // namespace

bool Plot::drawable() const {
  std::size_t most = 0;
  for (const PlotSeries& one : series) most = std::max(most, one.points.size());
  return most >= 2;
}

Html RenderPlot(const Plot& plot) {
  Html out;
  out.Add("<figure class=\"viewer-figure\"><figcaption>"_html, plot.title);
  if (!plot.unit.empty()) out.Add(" ("_html, plot.unit, ")"_html);
  out.Add("</figcaption>"_html, Drawing(plot, kNarrow).Draw("viewer-plot--narrow"_html),
          Drawing(plot, kWide).Draw("viewer-plot--wide"_html));
  if (plot.series.size() > 1) {
    out.Add("<ul class=\"viewer-legend\">"_html);
    constexpr std::array<const char*, 3> kMarks = {"Circles", "Squares", "Triangles"};
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
      out.Add("<li>"_html, kMarks[std::min<std::size_t>(i, 2)], ": "_html, plot.series[i].label,
              "</li>"_html);
    }
    out.Add("</ul>"_html);
  }
  if (plot.range_low || plot.range_high) {
    out.Add(
        "<p class=\"nhsuk-body-s\">The shaded band is the reference range of the latest "
        "value.</p>"_html);
  }
  return out.Add("</figure>"_html);
}

}  // namespace strata::record_viewer
