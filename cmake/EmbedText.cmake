# embed_text(TARGET SYMBOL FILE): compiles FILE into TARGET as `extern const std::string_view SYMBOL` in namespace
# hongyan::embedded.
function(embed_text target symbol file)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol}.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DSOURCE=${source} -DOUTPUT=${output}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_text_script.cmake
    DEPENDS ${source} ${CMAKE_SOURCE_DIR}/cmake/embed_text_script.cmake)
  set_source_files_properties(${output} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${output})
endfunction()
