# SPDX-License-Identifier: Apache-2.0
# clinnova_embed_mappings(OUTPUT variable FOLDER mappings) writes one source under the build folder that
# holds every mappings/DIALECT/NAME.toml, and puts its path into OUTPUT; see src/intake/mapping.cc. A change
# of a file makes CMake run again.
function(clinnova_embed_mappings)
  cmake_parse_arguments(EMBED "" "OUTPUT;FOLDER" "" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${EMBED_FOLDER}/*/*.toml)
  list(SORT files)
  set(rows "")
  foreach(file ${files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    cmake_path(GET file PARENT_PATH folder)
    cmake_path(GET folder FILENAME dialect)
    cmake_path(GET file FILENAME name)
    file(READ ${file} text)
    string(APPEND rows "    {\"${dialect}\", \"${name}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded_mappings.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Written by cmake/EmbedMappings.cmake.
#include \"intake/embedded_mappings.h\"

namespace clinnova::intake {
namespace {
constexpr EmbeddedMapping kMappings[] = {
@rows@};
}  // namespace
std::span<const EmbeddedMapping> EmbeddedMappings() { return kMappings; }
}  // namespace clinnova::intake
")
  set(${EMBED_OUTPUT} ${source} PARENT_SCOPE)
endfunction()
