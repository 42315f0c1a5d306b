// A face as 1024 indices into a dictionary of face features, and back:
// 07_codes_of_a_face face.png decoded.png
#include <cmath>
#include <cstdio>
#include <exception>
#include <set>

#include "rfpp/restorer.hpp"

int main(int argc, char** argv) try {
  if (argc != 3) throw rfpp::Error("usage: 07_codes_of_a_face face.png decoded.png");
  const rfpp::io::Image face = rfpp::load_image(argv[1]);

  // The autoencoder that learns the dictionary. "" is the weights that come with rfpp.
  auto restorer = rfpp::Restorer::open("", {.network = "rohqd-medium"});
  const rfpp::FaceCodes codes = restorer.encode_face(face);
  const rfpp::io::Image decoded = restorer.decode_face(codes);
  rfpp::save_image(argv[2], decoded);

  // How much the dictionary cannot say shows when the decoded face is encoded again.
  const rfpp::FaceCodes again = restorer.encode_face(decoded);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < codes.indices.size(); ++i) kept += codes.indices[i] == again.indices[i] ? 1 : 0;
  const std::set<std::int16_t> used(codes.indices.begin(), codes.indices.end());
  std::printf("%s: %dx%d indices of %d entries, %zu of them in use; %zu stay when it is encoded again\n",
              argv[2], codes.side, codes.side, restorer.network().codebook_entries, used.size(), kept);
  return codes.indices.size() == 1024 && used.size() > 50 && kept > 100 && decoded.width == 256 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
