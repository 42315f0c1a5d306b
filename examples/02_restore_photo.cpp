// Restores the faces in a photo: 02_restore_photo photo.jpg restored.png [checkpoint]
#include <cstdio>
#include <exception>

#include "rfpp/restorer.hpp"

int main(int argc, char** argv) try {
  if (argc < 3) throw rfpp::Error("usage: 02_restore_photo photo.jpg restored.png [checkpoint]");
  const rfpp::io::Image photo = rfpp::load_image(argv[1]);

  // Without a checkpoint: the small network that comes with rfpp. A Restorer is made once, and used for many
  // photos.
  auto restorer = rfpp::Restorer::open(argc > 3 ? argv[3] : "");
  const auto faces = restorer.find_faces(photo);
  for (const auto& face : faces)
    std::printf("a face %.0f pixels wide at (%.0f, %.0f), score %.2f\n", face.box.width(), face.box.x1,
                face.box.y1, face.score);

  // strength: 1 is the restored face, 0 the photo's.
  const rfpp::io::Image restored = restorer.restore_photo(photo, {.strength = 0.9});
  rfpp::save_image(argv[2], restored);
  std::printf("%s: %zu of them restored by %s\n", argv[2], faces.size(), restorer.network().name);
  return faces.empty() || restored.samples == photo.samples ? 1 : 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
