#ifndef RFPP_TRAIN_DATA_HPP
#define RFPP_TRAIN_DATA_HPP

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <locale>
#include <map>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rfpp/cpu/thread_pool.hpp"
#include "rfpp/degrade/components.hpp"
#include "rfpp/io/image_files.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/photo/resize.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// An aligned face of a dataset.
struct Face {
  std::filesystem::path file;
  std::optional<degrade::Components> components;  ///< in pixels of the dataset's images
};

/// Which part of a folder of faces.
enum class Split { train, validation };

namespace detail {

inline std::vector<std::string> csv_cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) {
    while (!cell.empty() && std::isspace(static_cast<unsigned char>(cell.back()))) cell.pop_back();
    cell.erase(0, std::min(cell.find_first_not_of(" \t"), cell.size()));
    cells.push_back(cell);
  }
  return cells;
}

/// A row of faces.csv by column name.
class CsvRow {
 public:
  CsvRow(const std::vector<std::string>& names, const std::string& line, std::string place)
      : place_(std::move(place)) {
    const auto cells = csv_cells(line);
    if (cells.size() != names.size())
      throw Error(place_ + ": expected " + std::to_string(names.size()) + " cells, found " +
                  std::to_string(cells.size()));
    for (std::size_t i = 0; i < names.size(); ++i) cells_[names[i]] = cells[i];
  }
  bool has(const std::string& name) const { return cells_.contains(name); }
  const std::string& text(const std::string& name) const {
    const auto found = cells_.find(name);
    if (found == cells_.end()) throw Error(place_ + ": expected a column \"" + name + "\", found none");
    return found->second;
  }
  double number(const std::string& name) const {
    const std::string& cell = text(name);
    double value = 0;
    std::istringstream in(cell);  // from_chars has no numbers with fractions in older libc++
    in.imbue(std::locale::classic());
    if (!(in >> std::noskipws >> value) || in.peek() != std::istringstream::traits_type::eof())
      throw Error(place_ + ": expected a number in column \"" + name + "\", found \"" + cell + "\"");
    return value;
  }
  degrade::Box box(const std::string& name) const {
    return {number(name + "_box_cx"), number(name + "_box_cy"), number(name + "_box_half")};
  }

 private:
  std::string place_;
  std::map<std::string, std::string> cells_;
};

/// Faces of one part as faces.csv lists them: columns `file` and `split` (train or val), and the boxes' where
/// they are known.
inline std::vector<Face> listed_faces(const std::filesystem::path& folder, Split split) {
  const std::filesystem::path csv = folder / "faces.csv";
  std::ifstream file(csv);
  std::string line;
  if (!std::getline(file, line))
    throw Error(csv.string() + ": expected a line of column names, found nothing");
  if (line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF"))
    throw Error(csv.string() + ": expected UTF-8, found UTF-16; save it as CSV in UTF-8");
  if (line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // a byte order mark
  const auto names = csv_cells(line);
  const std::string wanted = split == Split::train ? "train" : "val";
  const std::filesystem::path images =
      std::filesystem::is_directory(folder / "images") ? folder / "images" : folder;
  std::vector<Face> faces;
  for (int number = 2; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    const CsvRow row(names, line, csv.string() + ": line " + std::to_string(number));
    const std::string& part = row.text("split");
    if (part != "train" && part != "val")
      throw Error(csv.string() + ": line " + std::to_string(number) +
                  ": expected a split of train or val, found \"" + part + "\"");
    if (part != wanted) continue;
    faces.push_back({images / row.text("file"), {}});
    if (row.has("mouth_box_cx"))
      faces.back().components = {row.box("left_eye"), row.box("right_eye"), row.box("mouth")};
  }
  return faces;
}

/// All images of a folder (see io::images_in) in order of name, of which every 20th is for validation; of
/// fewer than 20, the last.
inline std::vector<Face> found_faces(const std::filesystem::path& folder, Split split, bool recursive,
                                     const std::filesystem::path& except) {
  const io::FolderImages found = io::images_in(folder, recursive, except);
  const std::vector<std::filesystem::path>& files = found.images;
  if (files.empty() && !found.folders.empty())
    throw Error(folder.string() + ": expected faces, found none, but " + io::text_of_left_out(found, folder) +
                "; give one of those, take all with --recursive, or list the images in faces.csv");
  if (files.size() == 1)
    throw Error(folder.string() + ": expected two faces or more, one of them for validation, found one");
  const std::size_t period = std::min<std::size_t>(20, files.size());
  std::vector<Face> faces;
  for (std::size_t i = 0; i < files.size(); ++i)
    if ((i % period == period - 1) == (split == Split::validation)) faces.push_back({files[i], {}});
  return faces;
}

}  // namespace detail

/// Aligned faces of one size, decoded once and kept as bytes.
class Dataset {
 public:
  /// The faces of a folder, resized to side x side where they have another size, gray ones as RGB.
  /// `faces.csv`, where there is one, says which are for training (see detail::listed_faces); else every 20th
  /// is for validation, of the folders in the folder, too, where `recursive`, but for the folder `except`.
  /// What is not a square image is left out, and an error in failures(). Throws Error for an empty part, and,
  /// naming a file, where no face can be read.
  static Dataset open(const std::filesystem::path& folder, Split split, int side, ThreadPool& pool,
                      bool recursive = false, const std::filesystem::path& except = {}) {
    if (!std::filesystem::is_directory(folder))
      throw Error(folder.string() + ": expected a folder of aligned faces, found none");
    Dataset data;
    data.side_ = side;
    data.faces_ = std::filesystem::exists(folder / "faces.csv")
                      ? detail::listed_faces(folder, split)
                      : detail::found_faces(folder, split, recursive, except);
    if (data.faces_.empty())
      throw Error(folder.string() + ": expected faces for " +
                  (split == Split::train ? "training" : "validation") + ", found none");
    data.pixels_.resize(data.faces_.size());
    std::vector<std::string> errors(data.faces_.size());
    std::vector<std::vector<std::string>> warnings(data.faces_.size());
    pool.for_each(static_cast<int>(data.faces_.size()), [&](int i, int) {
      const auto face = static_cast<std::size_t>(i);
      try {
        warnings[face] = data.read(face);
      } catch (const Error& error) {
        errors[face] = error.what();
      }
    });
    for (std::size_t i = 0; i < warnings.size(); ++i)
      for (const std::string& warning : warnings[i])
        data.warnings_.emplace_back(data.faces_[i].file.string()).append(": warning: ").append(warning);
    data.leave_out(errors);
    return data;
  }

  std::size_t size() const { return faces_.size(); }
  int side() const { return side_; }
  /// Why faces of the folder are not among these: a line each.
  const std::vector<std::string>& failures() const { return failures_; }
  /// What is wrong with files of faces that are among these: a line each, "FILE: warning: ...".
  const std::vector<std::string>& warnings() const { return warnings_; }
  const Face& face(std::size_t i) const { return faces_[i]; }
  /// {side, side, 3}, RGB.
  std::span<const std::uint8_t> pixels(std::size_t i) const { return pixels_[i]; }

 private:
  /// Returns what is wrong with the file.
  std::vector<std::string> read(std::size_t i) {
    Face& face = faces_[i];
    io::Image image = io::read_image(face.file);
    std::vector<std::string> warnings = std::move(image.warnings);
    if (image.width != image.height)
      throw Error(face.file.string() + ": expected a square color image, found " +
                  std::to_string(image.width) + "x" + std::to_string(image.height));
    if (image.width != side_) {
      const double scale = static_cast<double>(side_) / image.width;
      if (face.components)
        for (degrade::Box* box :
             {&face.components->left_eye, &face.components->right_eye, &face.components->mouth})
          *box = {box->x * scale, box->y * scale, box->half * scale};
      image = photo::resize(image, side_, side_);
    }
    auto& out = pixels_[i];
    out.reserve(static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_) * 3);
    const auto channels = static_cast<std::size_t>(image.channels);
    const std::size_t step = image.colors() == 3 ? 1 : 0;
    for (std::size_t k = 0; k < image.samples.size(); k += channels)
      for (std::size_t c = 0; c < 3; ++c) out.push_back(image.samples[k + c * step]);
    return warnings;
  }

  /// Throws the first error where there is one for every face.
  void leave_out(std::vector<std::string>& errors) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < errors.size(); ++i) {
      if (!errors[i].empty()) {
        failures_.push_back(std::move(errors[i]));
        continue;
      }
      if (kept != i) {
        faces_[kept] = std::move(faces_[i]);
        pixels_[kept] = std::move(pixels_[i]);
      }
      ++kept;
    }
    if (kept == 0) throw Error(failures_.front());
    faces_.resize(kept);
    pixels_.resize(kept);
  }

  int side_ = 0;
  std::vector<Face> faces_;
  std::vector<std::vector<std::uint8_t>> pixels_;
  std::vector<std::string> failures_, warnings_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
