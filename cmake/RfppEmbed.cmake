# rfpp_embed_weights(target files...): makes the files part of a program, so that it needs nothing beside it. They are
# found by their names, as files in share/rfpp are: restoreformer++-medium.safetensors is what Restorer::open() opens.
function(rfpp_embed_weights target)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${target}_weights.cpp)
  set(text "#include \"rfpp/io/embedded_files.hpp\"\n")
  set(number 0)
  foreach(file IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH file NORMALIZE)
    cmake_path(GET file FILENAME name)
    if(NOT EXISTS ${file})
      message(FATAL_ERROR "rfpp_embed_weights: expected a file of weights, found none: ${file}")
    endif()
    set(symbol rfpp_embedded_${number})
    string(APPEND text "
asm(\".pushsection .rodata\\n.balign 64\\n${symbol}:\\n.incbin \\\"${file}\\\"\\n${symbol}_end:\\n.byte 0\\n.popsection\");
extern \"C\" const std::byte ${symbol}[] __attribute__((visibility(\"hidden\")));
extern \"C\" const std::byte ${symbol}_end[] __attribute__((visibility(\"hidden\")));
static const rfpp::io::EmbeddedFile file_${number}(\"${name}\", {${symbol}, ${symbol}_end});
")
    math(EXPR number "${number} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${source} CONTENT "${text}" @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${ARGN}")
  target_sources(${target} PRIVATE ${source})
endfunction()
