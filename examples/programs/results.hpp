#ifndef RFPP_EXAMPLES_RESULTS_HPP
#define RFPP_EXAMPLES_RESULTS_HPP

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "program.hpp"
#include "rfpp/io/image_write.hpp"

/// Where a program writes an image for each of its inputs, and in what form.
struct Results {
  std::string output, format = {};
  int quality = 95;
  bool skip_existing = false, recursive = false;

  void add_to(CLI::App& app) {
    app.add_option("-o,--output", output, "folder for the results; for one picture also the file")
        ->capture_default_str();
    app.add_option("--format", format,
                   "of all results: png, jpg, and webp or tif where rfpp was built with them (default: the "
                   "input's where it can be written, else PNG)")
        ->check(CLI::IsMember({"png", "jpg", "jpeg", "webp", "tif", "tiff"}, CLI::ignore_case));
    app.add_option("--quality", quality, "of JPEG and WebP; 100 is without loss for WebP")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_flag("--skip-existing", skip_existing, "leave out pictures whose results are there");
    app.add_flag("--recursive", recursive, "also the folders in folders; results keep their structure");
  }

  /// The results of inputs, in their order. Throws Error, naming both and a way out, where a result would
  /// overwrite an input or another result.
  std::vector<std::filesystem::path> plan(const std::vector<InputImage>& inputs, bool folder_given) const {
    namespace fs = std::filesystem;
    const bool one_file = names_file(inputs.size(), folder_given);
    std::map<fs::path, fs::path> sources;
    for (const InputImage& input : inputs) sources.emplace(fs::weakly_canonical(input.file), input.file);
    std::map<fs::path, fs::path> taken;
    std::vector<fs::path> outputs;
    for (const InputImage& input : inputs) {
      const fs::path out = one_file ? fs::path(output) : fs::path(output) / result_name(input.name);
      const fs::path place = fs::weakly_canonical(out);
      if (const auto source = sources.find(place); source != sources.end())
        throw rfpp::Error(source->second.string() + ": would be overwritten by the result" +
                          (source->second == input.file ? "" : " of " + input.file.string()) +
                          "; choose another --output");
      if (const auto [other, fresh] = taken.emplace(place, input.file); !fresh)
        throw rfpp::Error(input.file.string() + ": its result would overwrite that of " +
                          other->second.string() + ", both " + out.string() +
                          "; restore them into folders of their own, or give them different names");
      outputs.push_back(out);
    }
    return outputs;
  }

 private:
  /// Whether --output is a file. Throws Error where it cannot be what its name says.
  bool names_file(std::size_t inputs, bool folder_given) const {
    const std::filesystem::path path(output);
    const std::string extension = rfpp::io::lower_extension(path);
    if (std::filesystem::is_directory(path)) return false;
    static const std::set<std::string> others{".bmp",  ".webp", ".gif",  ".tif", ".tiff", ".avif",
                                              ".heic", ".jxl",  ".jfif", ".ppm", ".pgm",  ".pnm"};
    const bool codec = rfpp::io::writer_for(path) != nullptr;
    if (others.contains(extension)) rfpp::io::check_image_name(path);
    if (extension != ".png" && extension != ".jpg" && extension != ".jpeg" && !codec) return false;
    if (inputs > 1 || folder_given)
      throw rfpp::Error(output +
                        ": --output names a file, which is for one picture; for a folder or several "
                        "name a folder");
    const auto form = [](const std::string& name) {
      return name == ".jpeg" ? ".jpg" : name == ".tiff" ? ".tif" : name;
    };
    if (!format.empty() && form(extension) != form(rfpp::io::lower_extension("a." + format)))
      throw rfpp::Error(output + ": is another format than --format " + format + "; leave one out");
    return true;
  }

  /// Below the output folder: the extension as it is where it can be written, capitals and all.
  std::filesystem::path result_name(std::filesystem::path name) const {
    const auto form = [](const std::string& extension) -> std::string {
      if (extension == ".jpeg" || extension == ".jfif" || extension == ".jpe") return ".jpg";
      return extension == ".tiff" ? ".tif" : extension;
    };
    const std::string extension = rfpp::io::lower_extension(name);
    const bool kept = form(extension) == ".jpg" || rfpp::io::writer_for(name) != nullptr;
    const std::string wanted =
        form(format.empty() ? kept ? extension : ".png" : rfpp::io::lower_extension("a." + format));
    const bool written = extension != ".jfif" && extension != ".jpe";
    if (form(extension) == wanted && written) return name;
    return rfpp::io::named_as_image(name) ? name.replace_extension(wanted) : name += wanted;
  }
};

#endif
