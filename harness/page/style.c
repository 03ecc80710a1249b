/* The bytes of style.css, which the page carries in itself. */
extern const char page_style[];

#ifndef PAGE_STYLE_FILE
#define PAGE_STYLE_FILE "" /* read without being assembled */
#endif

__asm__(".section .rodata\n"
        ".global page_style\n"
        "page_style: .incbin \"" PAGE_STYLE_FILE "\"\n"
        ".byte 0\n"
        ".previous\n");
