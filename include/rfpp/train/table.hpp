#ifndef RFPP_TRAIN_TABLE_HPP
#define RFPP_TRAIN_TABLE_HPP

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/io/atomic_file.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A CSV file of numbers that grows row by row; the first column is the step.
class Table {
 public:
  explicit Table(std::filesystem::path file) : file_(std::move(file)) {}

  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<std::vector<double>>& rows() const { return rows_; }

  /// Continues what an earlier run wrote up to and including `last_step`; later rows, and one that was being
  /// written when the run was killed, are dropped.
  void resume(long last_step) {
    std::ifstream stream(file_);
    std::string line;
    if (!std::getline(stream, line)) return;
    std::istringstream names(line);
    for (std::string name; std::getline(names, name, ',');) columns_.push_back(name);
    while (std::getline(stream, line)) {
      std::vector<double> row;
      std::istringstream cells(line);
      for (std::string cell; std::getline(cells, cell, ',');)
        row.push_back(std::strtod(cell.c_str(), nullptr));
      if (row.size() == columns_.size() && row.front() <= static_cast<double>(last_step))
        rows_.push_back(std::move(row));
    }
    write();
  }

  /// Throws Error unless all rows have the same columns.
  void add(const std::vector<std::string>& columns, std::vector<double> row) {
    if (columns_.empty()) columns_ = columns;
    if (columns != columns_ || row.size() != columns.size())
      throw Error(file_.string() + ": expected the columns of the rows before");
    rows_.push_back(std::move(row));
    write();
  }

 private:
  void write() const {
    std::string text;
    for (const std::string& column : columns_) {
      if (!text.empty()) text += ',';
      text += column;
    }
    for (const auto& row : rows_)
      for (std::size_t i = 0; i < row.size(); ++i) {
        char number[32];
        std::snprintf(number, sizeof number, "%.9g", row[i]);
        text += i > 0 ? ',' : '\n';
        text += number;
      }
    text += "\n";
    io::AtomicFile file(file_);
    file.write(std::as_bytes(std::span(text)));
    file.commit();
  }

  std::filesystem::path file_;
  std::vector<std::string> columns_;
  std::vector<std::vector<double>> rows_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
