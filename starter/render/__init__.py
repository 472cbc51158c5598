"""What the command line prints, as pure functions from models to lines of text.

Nothing here reads a clock, a terminal or a server: the moment, the width and the glyphs come as a
`Canvas`, so that every text can be tested letter by letter.
"""
