#ifndef RFPP_METRICS_REPORT_HPP
#define RFPP_METRICS_REPORT_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/core/finite.hpp"
#include "rfpp/io/image_write.hpp"

namespace rfpp::metrics {
inline namespace RFPP_ABI {

/// A metric of pairs of images.
struct MetricInfo {
  std::string name;
  bool higher_is_better;
};
/// A pair's values, one per metric of the evaluation.
struct PairScores {
  std::string name;
  std::vector<double> values;
};
/// What was measured of a set of restored images.
struct Evaluation {
  std::vector<MetricInfo> metrics;
  std::vector<PairScores> pairs;
  std::vector<std::string> missing;    ///< ground truths without a restored image
  std::vector<std::string> unmatched;  ///< restored images without a ground truth
  std::vector<std::string> failed;     ///< images that could not be measured
  std::optional<double> frechet;       ///< over the set
  std::size_t divisor = 0;             ///< of means; 0: the number of pairs
};

struct Summary {
  double mean, median, lowest, highest;
};
/// Of metric `index` over all pairs for which it has a value; NaN is none. Throws Error where there is no
/// pair.
inline Summary summary_of(const Evaluation& e, std::size_t index) {
  if (e.pairs.empty()) throw Error("evaluation: no pair to average over");
  std::vector<double> values;
  for (const PairScores& pair : e.pairs)
    if (!is_nan(pair.values.at(index))) values.push_back(pair.values.at(index));
  if (values.empty()) values.push_back(std::numeric_limits<double>::quiet_NaN());
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {sum / static_cast<double>(e.divisor == 0 ? n : e.divisor),
          (values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back()};
}

/// {"metrics": {"psnr": {"mean", "median", "lowest", "highest"}}, "pairs": [{"name", "psnr"}], "missing": [],
/// "unmatched": [], "failed": [], "frechet"}; infinite values and NaN are null.
inline nlohmann::json to_json(const Evaluation& e) {
  nlohmann::json json{{"metrics", nlohmann::json::object()},
                      {"pairs", nlohmann::json::array()},
                      {"missing", e.missing},
                      {"unmatched", e.unmatched},
                      {"failed", e.failed}};
  for (std::size_t i = 0; i < e.metrics.size() && !e.pairs.empty(); ++i) {
    const Summary s = summary_of(e, i);
    json["metrics"][e.metrics[i].name] = {
        {"mean", s.mean}, {"median", s.median}, {"lowest", s.lowest}, {"highest", s.highest}};
  }
  for (const PairScores& pair : e.pairs) {
    nlohmann::json row{{"name", pair.name}};
    for (std::size_t i = 0; i < e.metrics.size(); ++i) row[e.metrics[i].name] = pair.values[i];
    json["pairs"].push_back(std::move(row));
  }
  if (e.frechet) json["frechet"] = *e.frechet;
  return json;
}

namespace detail {

inline std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (i + j < bytes.size() ? bytes[i + j] : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      text += i + j > bytes.size() ? '=' : digits[group >> (18 - 6 * j) & 63];
  }
  return text;
}
inline std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}
inline std::string number(double v) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(v) < 10 ? "%.4f" : "%.2f", v);
  return text;
}

/// The distribution of a metric's finite values as a picture.
inline std::string histogram(const Evaluation& e, std::size_t index) {
  constexpr int bins = 24, width = 20, height = 120;
  std::vector<double> values;
  for (const PairScores& pair : e.pairs)
    if (is_finite(pair.values[index])) values.push_back(pair.values[index]);
  if (values.empty()) return "<p>No finite value.</p>";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::vector<int> counts(bins, 0);
  for (const double v : values) {
    const double place = *high > *low ? (v - *low) / (*high - *low) * bins : 0;
    ++counts[static_cast<std::size_t>(std::min(static_cast<int>(place), bins - 1))];
  }
  const int most = *std::max_element(counts.begin(), counts.end());
  std::string svg =
      "<svg width=\"" + std::to_string(bins * width) + "\" height=\"" + std::to_string(height + 20) + "\">";
  for (int i = 0; i < bins; ++i) {
    const int bar = counts[static_cast<std::size_t>(i)] * height / most;
    svg += "<rect x=\"" + std::to_string(i * width) + "\" y=\"" + std::to_string(height - bar) +
           "\" width=\"" + std::to_string(width - 2) + "\" height=\"" + std::to_string(bar) +
           "\" fill=\"#47a\"/>";
  }
  return svg + "<text x=\"0\" y=\"" + std::to_string(height + 16) + "\">" + number(*low) +
         "</text><text x=\"" + std::to_string(bins * width) + "\" y=\"" + std::to_string(height + 16) +
         "\" text-anchor=\"end\">" + number(*high) + "</text></svg>";
}

}  // namespace detail

/// The evaluation as one HTML page that needs no other file: a table, and for each metric its distribution
/// and the `shown` best and worst pairs. picture(pair's name) gives both images side by side.
template <class Picture>
std::string html_report(const Evaluation& e, Picture&& picture, std::size_t shown = 4) {
  std::string html =
      "<!DOCTYPE html><html lang=\"en\"><meta "
      "charset=\"utf-8\"><title>Evaluation</title><style>body{font:15px "
      "sans-serif;margin:2em}td,th{padding:.2em 1em;text-align:right}figure{display:inline-block;margin:.5em}"
      "</style><h1>Evaluation of " +
      std::to_string(e.pairs.size()) +
      " pairs</h1><table><tr><th>metric<th>mean<th>median<th>lowest<th>highest";
  for (std::size_t i = 0; i < e.metrics.size() && !e.pairs.empty(); ++i) {
    const Summary s = summary_of(e, i);
    html += "<tr><td>" + detail::escaped(e.metrics[i].name) +
            (e.metrics[i].higher_is_better ? " &uarr;" : " &darr;");
    for (const double v : {s.mean, s.median, s.lowest, s.highest}) html += "<td>" + detail::number(v);
  }
  html += "</table>";
  if (e.frechet) html += "<p>Frechet distance: " + detail::number(*e.frechet);
  const auto list = [&](const std::vector<std::string>& names, const char* what) {
    if (names.empty()) return;
    html += "<p>" + std::to_string(names.size()) + what;
    for (const std::string& name : names) html.append(" ").append(detail::escaped(name));
  };
  list(e.missing, " without a restored image:");
  list(e.unmatched, " without a ground truth:");
  list(e.failed, " that could not be measured:");
  for (std::size_t i = 0; i < e.metrics.size(); ++i) {
    html += "<h2>" + detail::escaped(e.metrics[i].name) + "</h2>" + detail::histogram(e, i);
    std::vector<const PairScores*> order;
    for (const PairScores& pair : e.pairs)
      if (!is_nan(pair.values[i])) order.push_back(&pair);
    std::stable_sort(order.begin(), order.end(), [&](const PairScores* a, const PairScores* b) {
      return e.metrics[i].higher_is_better ? a->values[i] > b->values[i] : a->values[i] < b->values[i];
    });
    for (const bool best : {true, false}) {
      html += best ? "<h3>Best: restored and truth</h3>" : "<h3>Worst</h3>";
      for (std::size_t k = 0; k < std::min(shown, order.size()); ++k) {
        const PairScores& pair = best ? *order[k] : *order[order.size() - 1 - k];
        html += "<figure><img alt=\"\" src=\"data:image/jpeg;base64," +
                detail::base64(io::encode_jpeg(picture(pair.name), 90)) + "\"><figcaption>" +
                detail::escaped(pair.name) + ": " + detail::number(pair.values[i]) + "</figcaption></figure>";
      }
    }
  }
  return html + "</html>\n";
}

}  // namespace RFPP_ABI
}  // namespace rfpp::metrics

#endif
