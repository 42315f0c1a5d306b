# cmake -DPORT=<folder> -DPACKAGE=<folder> -DBUILD=<folder> -P vcpkg_port.cmake
# Runs a port's file with stand-ins for what it calls of vcpkg: what they do to files is what vcpkg does.
cmake_minimum_required(VERSION 3.25)
set(CURRENT_PORT_DIR ${PORT})
set(CURRENT_PACKAGES_DIR ${PACKAGE})

function(vcpkg_cmake_configure)
  cmake_parse_arguments(arg "" SOURCE_PATH OPTIONS ${ARGN})
  # Not optimized, which compiles in half the time.
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${arg_SOURCE_PATH} -B ${BUILD} -DCMAKE_INSTALL_PREFIX=${PACKAGE}
                          -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O0 ${arg_OPTIONS} COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${PORT}/vcpkg.json manifest)
  string(JSON version GET ${manifest} version)
  file(STRINGS ${BUILD}/CMakeCache.txt project REGEX "^CMAKE_PROJECT_VERSION:")
  if(NOT project STREQUAL "CMAKE_PROJECT_VERSION:STATIC=${version}")
    message(FATAL_ERROR "vcpkg.json has version ${version}, CMakeLists.txt another: ${project}")
  endif()
endfunction()

function(vcpkg_cmake_install)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} --target install COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Moves the package to share/<name>, one folder less deep.
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(arg "" "PACKAGE_NAME;CONFIG_PATH" "" ${ARGN})
  set(folder ${PACKAGE}/share/${arg_PACKAGE_NAME})
  file(COPY ${PACKAGE}/${arg_CONFIG_PATH}/ DESTINATION ${folder})
  file(REMOVE_RECURSE ${PACKAGE}/${arg_CONFIG_PATH})
  file(READ ${folder}/${arg_PACKAGE_NAME}Config.cmake text)
  string(REPLACE "/../../../\" ABSOLUTE" "/../../\" ABSOLUTE" text "${text}")
  file(WRITE ${folder}/${arg_PACKAGE_NAME}Config.cmake "${text}")
  file(READ ${folder}/${arg_PACKAGE_NAME}Targets.cmake text)
  set(up "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n")
  string(REPLACE "${up}${up}" "${up}" text "${text}")
  file(WRITE ${folder}/${arg_PACKAGE_NAME}Targets.cmake "${text}")
endfunction()

function(vcpkg_fixup_pkgconfig)
  if(NOT EXISTS ${PACKAGE}/lib/pkgconfig/rfpp.pc)
    message(FATAL_ERROR "the port calls vcpkg_fixup_pkgconfig, but installs no lib/pkgconfig/rfpp.pc")
  endif()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(arg "" "" FILE_LIST ${ARGN})
  file(COPY_FILE ${arg_FILE_LIST} ${PACKAGE}/share/rfpp/copyright)
endfunction()

include(${PORT}/portfile.cmake)
