# SPDX-License-Identifier: Apache-2.0
# Data that is compiled in: clinnova_embed_text(OUTPUT variables FILES a.tsv …) writes one source per file
# under the build folder, which defines `const std::string_view clinnova::embedded::<name>`, and puts
# the sources' paths into OUTPUT. A change of a file makes CMake run again.
function(clinnova_embed_text)
  cmake_parse_arguments(EMBED "" "OUTPUT" "FILES" ${ARGN})
  set(sources)
  foreach(file ${EMBED_FILES})
    cmake_path(GET file STEM name)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}.cc)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                                           ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    file(READ ${file} text)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"#include <string_view>
namespace clinnova::embedded {
extern const std::string_view @name@;
const std::string_view @name@ = R\"embedded(@text@)embedded\";
}
")
    list(APPEND sources ${source})
  endforeach()
  set(${EMBED_OUTPUT} ${sources} PARENT_SCOPE)
endfunction()
