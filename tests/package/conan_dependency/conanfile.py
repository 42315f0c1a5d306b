"""A dependency of rfpp as it is installed here, in place of Conan Center's package of the same name."""

import os

from conan import ConanFile
from conan.tools.files import copy

# name: pattern of the headers, CMake package, target
DEPENDENCIES = {
    "eigen": ("*", "Eigen3", "Eigen3::Eigen"),
    "nlohmann_json": ("nlohmann/*", "nlohmann_json", "nlohmann_json::nlohmann_json"),
    "stb": ("stb_*.h", "stb", "stb::stb"),
}


class Dependency(ConanFile):
    package_type = "header-library"

    def package(self):
        copy(self, DEPENDENCIES[self.name][0], os.environ["HEADERS"], os.path.join(self.package_folder, "include"))

    def package_info(self):
        _, package, target = DEPENDENCIES[self.name]
        self.cpp_info.set_property("cmake_file_name", package)
        self.cpp_info.set_property("cmake_target_name", target)
        self.cpp_info.bindirs = self.cpp_info.libdirs = []
