# SPDX-License-Identifier: Apache-2.0
# Puts files into the program, so that it needs nothing beside itself when it runs.
#
#   clinnova_embed_files(
#     NAME web_files                               of the source to write, web_files.cc
#     OUTPUT_VARIABLE source                       gets that source's path, to be listed in a target
#     ENTRIES "/index.html=${pages}/index.html")   URL path=file
#
# The source includes each file with the assembler's .incbin, which costs no compile time however
# large the files are, and defines clinnova::web::kEmbedded (see src/web/embedded_table.h).
# ETags are hashes of the content, taken when CMake runs; a changed file makes it run again.

function(clinnova_mime_type FILE OUTPUT_VARIABLE)
  get_filename_component(extension "${FILE}" LAST_EXT)
  set(mime_.html "text/html; charset=utf-8")
  set(mime_.js "text/javascript; charset=utf-8")
  set(mime_.css "text/css; charset=utf-8")
  set(mime_.json "application/json")
  set(mime_.svg "image/svg+xml")
  set(mime_.png "image/png")
  set(mime_.woff2 "font/woff2")
  set(mime_.txt "text/plain; charset=utf-8")
  if(NOT DEFINED mime_${extension})
    message(FATAL_ERROR "${FILE}: no MIME type for ${extension}; name it in cmake/EmbedFiles.cmake")
  endif()
  set(${OUTPUT_VARIABLE} "${mime_${extension}}" PARENT_SCOPE)
endfunction()

function(clinnova_embed_files)
  cmake_parse_arguments(EMBED "" "NAME;OUTPUT_VARIABLE" "ENTRIES" ${ARGN})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${EMBED_NAME}.cc)
  set(assembly "")
  set(rows "")
  set(files "")
  set(number 0)
  list(SORT EMBED_ENTRIES)  # FindEmbedded searches the table by bisection
  foreach(entry IN LISTS EMBED_ENTRIES)
    string(FIND "${entry}" "=" cut)
    string(SUBSTRING "${entry}" 0 ${cut} path)
    math(EXPR cut "${cut} + 1")
    string(SUBSTRING "${entry}" ${cut} -1 file)
    file(SHA256 "${file}" digest)
    string(SUBSTRING "${digest}" 0 16 tag)
    clinnova_mime_type("${file}" mime)
    set(symbol clinnova_${EMBED_NAME}_${number})
    math(EXPR number "${number} + 1")
    string(APPEND assembly
           "asm(\".section .rodata\\n.balign 16\\n.global ${symbol}\\n${symbol}:\\n\"\n"
           "    \".incbin \\\"${file}\\\"\\n.global ${symbol}_end\\n${symbol}_end:\\n\"\n"
           "    \".byte 0\\n.previous\\n\");\n"
           "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
    string(APPEND rows "    {\"${path}\", \"${mime}\", \"\\\"${tag}\\\"\", ${symbol}, ${symbol}_end},\n")
    list(APPEND files "${file}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  endforeach()
  list(LENGTH EMBED_ENTRIES count)
  file(CONFIGURE OUTPUT ${output} CONTENT
"// Written by cmake/EmbedFiles.cmake.
#include \"web/embedded_table.h\"

@assembly@
namespace clinnova::web {
const EmbeddedRow kEmbedded[] = {
@rows@};
const std::size_t kEmbeddedCount = @count@;
}  // namespace clinnova::web
" @ONLY)
  set_source_files_properties(${output} PROPERTIES OBJECT_DEPENDS "${files}")
  set(${EMBED_OUTPUT_VARIABLE} ${output} PARENT_SCOPE)
endfunction()
