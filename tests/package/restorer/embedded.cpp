#include <cstdio>

#include "rfpp/restorer.hpp"

// With the weights in the program, where no file has them. An image of one color has no face.
int main() {
  auto restorer = rfpp::Restorer::open({}, {.weights_folder = ""});
  const rfpp::io::Image photo(300, 200, 3);
  const bool same = restorer.restore_photo(photo).samples == photo.samples;
  const auto face = restorer.restore_face(photo);
  std::printf("%s: %dx%d\n", restorer.network().name, face.width, face.height);
  return same && face.samples != photo.samples ? 0 : 1;
}
