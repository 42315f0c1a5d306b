#include <cstdio>
#include <string>

#include "rfpp/restorer.hpp"

// A face of one color, restored with the weights that were installed.
int main() {
  if (std::string(RFPP_WEIGHTS).find("share/rfpp") == std::string::npos) {
    std::printf("expected the weights of an installation, found \"%s\"\n", RFPP_WEIGHTS);
    return 1;
  }
  auto restorer = rfpp::Restorer::open();
  const auto face = restorer.restore_face(rfpp::io::Image(300, 300, 3));
  std::printf("%s: %dx%d\n", restorer.network().name, face.width, face.height);
  return face.width == 300 ? 0 : 1;
}
