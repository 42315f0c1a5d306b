#ifndef RFPP_DETECT_FACE_HPP
#define RFPP_DETECT_FACE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/photo/similarity.hpp"

namespace rfpp::detect {
inline namespace v0 {

/// A rectangle in pixels of the photo, whose left and upper edges are 0.
struct Box {
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;

  double width() const { return x2 - x1; }
  double height() const { return y2 - y1; }
  double area() const { return std::max(0.0, width()) * std::max(0.0, height()); }
};

/// Intersection over union; 0 where both are empty.
inline double overlap(const Box& a, const Box& b) {
  const Box both{std::max(a.x1, b.x1), std::max(a.y1, b.y1), std::min(a.x2, b.x2), std::min(a.y2, b.y2)};
  const double common = both.width() > 0 && both.height() > 0 ? both.area() : 0;
  const double all = a.area() + b.area() - common;
  return all > 0 ? common / all : 0;
}

/// A face in a photo; score in (0, 1).
struct Face {
  Box box;
  double score = 0;
  photo::Landmarks landmarks;
};

/// Sorts by descending score, the first of equals first, and leaves out each face whose overlap with one that
/// is kept is `most` or more.
inline std::vector<Face> suppress_overlapping(std::vector<Face> faces, double most) {
  std::stable_sort(faces.begin(), faces.end(),
                   [](const Face& a, const Face& b) { return a.score > b.score; });
  std::vector<Face> kept;
  for (const Face& face : faces)
    if (std::none_of(kept.begin(), kept.end(),
                     [&](const Face& other) { return overlap(face.box, other.box) >= most; }))
      kept.push_back(face);
  return kept;
}

/// Which of a photo's faces are meant: all of them, the largest, the one nearest to the center, or those with
/// the given numbers, counted from 1.
class FaceChoice {
 public:
  /// `text` is all, largest, center, or numbers as in "1,3". Throws Error for anything else.
  explicit FaceChoice(std::string text = "all") : text_(std::move(text)), numbers_(parse_numbers(text_)) {
    if (text_ != "all" && text_ != "largest" && text_ != "center" && numbers_.empty())
      throw Error("faces: expected all, largest, center, or numbers such as 1,3, found '" + text_ + "'");
  }

  /// The indices of the faces chosen in a photo of width x height pixels. Throws Error for a number that no
  /// face has.
  std::vector<std::size_t> operator()(const std::vector<Face>& faces, double width, double height) const {
    if (text_ == "largest")
      return least(faces, [&](const Box& b) {
        return -Box{std::max(b.x1, 0.0), std::max(b.y1, 0.0), std::min(b.x2, width), std::min(b.y2, height)}
                    .area();
      });
    if (text_ == "center")
      return least(faces, [&](const Box& b) {
        return std::hypot((b.x1 + b.x2 - width) / 2, (b.y1 + b.y2 - height) / 2);
      });
    std::vector<std::size_t> chosen;
    for (const std::size_t number : numbers_) {
      if (number > faces.size())
        throw Error("face " + std::to_string(number) + " is asked for, the photo has " +
                    std::to_string(faces.size()));
      if (std::find(chosen.begin(), chosen.end(), number - 1) == chosen.end()) chosen.push_back(number - 1);
    }
    if (text_ == "all")
      for (std::size_t i = 0; i < faces.size(); ++i) chosen.push_back(i);
    return chosen;
  }

 private:
  /// The numbers in "1,3", which start with 1.
  static std::vector<std::size_t> parse_numbers(std::string_view text) {
    std::vector<std::size_t> numbers(1, 0);
    for (const char c : text) {
      if (c == ',' && numbers.back() > 0)
        numbers.push_back(0);
      else if (c >= '0' && c <= '9' && numbers.back() < 100000)
        numbers.back() = 10 * numbers.back() + static_cast<std::size_t>(c - '0');
      else
        return {};
    }
    if (numbers.back() == 0) numbers.clear();
    return numbers;
  }
  /// The first of the faces for which `value` is least.
  template <class F> static std::vector<std::size_t> least(const std::vector<Face>& faces, F&& value) {
    if (faces.empty()) return {};
    std::size_t best = 0;
    for (std::size_t i = 1; i < faces.size(); ++i)
      if (value(faces[i].box) < value(faces[best].box)) best = i;
    return {best};
  }

  std::string text_;
  std::vector<std::size_t> numbers_;
};

}  // namespace v0
}  // namespace rfpp::detect

#endif
