# rfpp::codecs: WebP, TIFF, and HEIC and AVIF files, as far as the libraries that read them are found; none is
# required. It defines RFPP_WITH_... for rfpp/io/codecs/linked.hpp, which a program that links it includes.
if(TARGET rfpp::codecs)
  return()
endif()
add_library(rfpp::codecs INTERFACE IMPORTED GLOBAL)
target_link_libraries(rfpp::codecs INTERFACE rfpp::rfpp)

function(rfpp_add_codec name header library)
  find_path(RFPP_${name}_INCLUDE_DIR ${header})
  find_library(RFPP_${name}_LIBRARY ${library})
  mark_as_advanced(RFPP_${name}_INCLUDE_DIR RFPP_${name}_LIBRARY)
  if(RFPP_${name}_INCLUDE_DIR AND RFPP_${name}_LIBRARY)
    target_include_directories(rfpp::codecs INTERFACE ${RFPP_${name}_INCLUDE_DIR})
    target_link_libraries(rfpp::codecs INTERFACE ${RFPP_${name}_LIBRARY})
    target_compile_definitions(rfpp::codecs INTERFACE RFPP_WITH_${name})
  endif()
endfunction()

rfpp_add_codec(WEBP webp/decode.h webp)
rfpp_add_codec(HEIF libheif/heif.h heif)
find_package(TIFF 4.5 QUIET)  # from then on a program's own error handlers are left alone
if(TIFF_FOUND)
  target_link_libraries(rfpp::codecs INTERFACE TIFF::TIFF)
  target_compile_definitions(rfpp::codecs INTERFACE RFPP_WITH_TIFF)
endif()
