"""rfpp for Conan 2, from the checkout that this recipe lies in: conan create packaging/conan --build=missing"""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load


class Rfpp(ConanFile):
    name = "rfpp"
    license = "Apache-2.0"
    description = "Expression-templated tensors and blind face restoration in C++20"
    settings = "os", "arch", "compiler", "build_type"
    package_type = "static-library"

    def set_version(self):
        project = load(self, os.path.join(self.recipe_folder, "..", "..", "CMakeLists.txt"))
        self.version = re.search(r"project\(rfpp VERSION ([\d.]+)", project).group(1)

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for name in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*", "weights/*"):
            copy(self, name, root, self.export_sources_folder)

    def requirements(self):
        self.requires("eigen/3.4.0", transitive_headers=True)
        self.requires("nlohmann_json/3.11.3", transitive_headers=True)
        self.requires("stb/cci.20240531", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["RFPP_BUILD_TESTS"] = False
        toolchain.cache_variables["RFPP_BUILD_EXAMPLES"] = False
        toolchain.cache_variables["RFPP_RESTORER"] = True
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        # The package brings its own CMake files, which know both targets and the weights.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/rfpp"]
        self.cpp_info.libs = ["rfpp_restorer"]
        self.cpp_info.defines = ["RFPP_COMPILED"]
        self.cpp_info.system_libs = ["pthread"]
