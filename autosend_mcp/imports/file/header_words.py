"""What columns are called in files: the words of many languages and programs, one string of them each."""

# ruff: noqa: E501, RUF001 - letters of other scripts are meant, and count twice

from autosend_mcp.models.contacts.contact import FIRST_NAME, LAST_NAME, MOBILE, USER_ID

WHOLE_NAME = "name"  # the first and the last name in one column; no attribute of a contact

# Separated by commas; case, accents, spaces and punctuation do not count.
WORDS = {
    "email": """
        email, emails, mail, mails, email address, email addresses, mail address, email id, mail id, smtp address,
        E-Mail-Adresse, Mailadresse, Emailadresse, E-Mail Adressen, courriel, mél, adresse e-mail, adresse mail,
        adresse électronique, adresse de messagerie, adresse courriel, adresse de courriel, messagerie, adresse de
        courrier électronique, correo, correos, correo electrónico, dirección de correo, dirección de correo
        electrónico, dirección email, dirección de email, dirección electrónica, e-mail de contacto, correu
        electrònic, adreça electrònica, adreça de correu, adreça de correu electrònic, enderezo electrónico, helbide
        elektronikoa, posta elektronikoa, e-mel, correio eletrónico, correio electrónico, endereço de e-mail, endereço
        eletrónico, endereço de correio eletrónico, endereço de correio electrónico, endereço de email, indirizzo
        e-mail, indirizzo mail, indirizzo di posta elettronica, indirizzo posta elettronica, indirizzo di posta, posta
        elettronica, indirizzo elettronico, e-mailadres, mailadres, e-mailadressen, adres e-mail, adres mailowy, adres
        poczty elektronicznej, poczta elektroniczna, mejl, e-post, epostadress, e-postadresser, mejladress,
        mailadress, e-postadresse, e-mailadresse, mailadresse, sähköposti, sähköpostiosoite, s-posti, meili, netfang,
        tölvupóstur, póstfang, электронная почта, адрес электронной почты, эл. почта, адрес эл. почты, почта, емейл,
        имейл, емайл, мейл, емеил, электронный адрес, адрес почты, почтовый ящик, адрес e-mail, адрес email,
        електронна пошта, адреса електронної пошти, ел. пошта, пошта, електронна адреса, имейл адрес, електронна поща,
        е-поща, електронска пошта, адреса е-поште, е-пошта, имејл, електронна адреса пошти, электронная пошта,
        e-mailová adresa, emailová adresa, elektronická pošta, e-mailové adresy, e-mail cím, e-mail címe, drótposta,
        adresă de e-mail, adresă email, adresa e-mail, poștă electronică, e-poștă, e-pošta, adresa e-pošte, e-poštni
        naslov, e-naslov, elektronička pošta, elektronska pošta, elektronski naslov, email adresa, e-posti aadress,
        meiliaadress, e-posti, e-pasts, e-pasta adrese, el. paštas, el. pašto adresas, elektroninis paštas, e-posta,
        e-posta adresi, eposta, mail adresi, email adresi, elektronik posta, eposta adresleri, ηλεκτρονικό
        ταχυδρομείο, διεύθυνση ηλεκτρονικού ταχυδρομείου, διεύθυνση email, ηλ. ταχυδρομείο, ηλεκτρονική διεύθυνση,
        ríomhphost, seoladh ríomhphoist, ebost, e-bost, cyfeiriad e-bost, メールアドレス, メール, Eメール, 電子メール, 電子メールアドレス,
        Eメールアドレス, E-mailアドレス, メアド, emailアドレス, メールアドレス1, 邮箱, 电子邮箱, 邮件, 电子邮件, 邮箱地址, 电子邮件地址, 邮件地址, 电邮, 电邮地址, 電子郵件, 電郵,
        電郵地址, 信箱, 電子信箱, 郵箱, 電子郵件地址, 電子郵件信箱, 電子郵箱, 电子信箱, 이메일, 이메일 주소, 전자우편, 전자 메일, 메일, 메일 주소, 전자 메일 주소, 전자우편 주소, 이메일
        계정, البريد الإلكتروني, بريد إلكتروني, عنوان البريد الإلكتروني, الايميل, الإيميل, ايميل, البريد, אימייל, דוא"ל,
        דואר אלקטרוני, כתובת דוא"ל, כתובת אימייל, כתובת מייל, מייל, ایمیل, پست الکترونیک, آدرس ایمیل, อีเมล, อีเมล์,
        ที่อยู่อีเมล, thư điện tử, địa chỉ email, hòm thư, hộp thư, surel, alamat email, alamat surel, alamat e-mel,
        ईमेल, ईमेल पता, ई-मेल, barua pepe
    """,
    FIRST_NAME: """
        first name, first names, fname, first, name first, names first, given name, given names, given, forename, forenames, christian name,
        first name 1, Vorname, Vornamen, Rufname, prénom, prénoms, prénom usuel, nombre, nombres, nombre de pila,
        primer nombre, nome, primeiro nome, nome próprio, prenome, nome di battesimo, voornaam, voornamen, roepnaam,
        imię, imiona, pierwsze imię, förnamn, tilltalsnamn, fornavn, fornavne, etunimi, etunimet, kutsumanimi,
        fornafn, eiginnafn, имя, ім'я, име, собствено име, jméno, křestní jméno, meno, krstné meno, keresztnév,
        utónév, prenume, ime, vlastito ime, osebno ime, eesnimi, eesnimed, vārds, vardas, ad, adı, isim, ilk ad, ilk
        isim, ön ad, adınız, όνομα, μικρό όνομα, nom de pila, izena, ainm, céadainm, enw cyntaf, 名, 名字, ファーストネーム,
        お名前(名), 名前(名), 이름, الاسم الأول, الإسم الأول, שם פרטי, نام, नाम पहला, पहला नाम, ชื่อ, ชื่อจริง, tên, nama
        depan, nama pertama, jina la kwanza
    """,
    LAST_NAME: """
        last name, last names, lname, last, name last, names last, surname, surnames, family name, family, second name, Nachname,
        Familienname, Zuname, Nachnamen, nom, nom de famille, nom usuel, apellido, apellidos, primer apellido,
        sobrenome, sobrenomes, apelido, apelidos, último nome, nome de família, cognome, cognomi, achternaam,
        familienaam, nazwisko, nazwiska, efternamn, efternavn, etternavn, sukunimi, eftirnafn, kenninafn, фамилия,
        прізвище, фамилно име, презиме, příjmení, priezvisko, vezetéknév, családnév, nume de familie, prezime,
        priimek, perekonnanimi, perenimi, uzvārds, pavardė, soyad, soyadı, soyisim, soyadınız, soy isim, επώνυμο,
        επίθετο, cognom, cognoms, abizena, sloinne, cyfenw, 姓, 苗字, 氏, ラストネーム, お名前(姓), 名前(姓), 姓氏, 성, 성씨, اسم العائلة,
        الاسم الأخير, اللقب, الكنية, שם משפחה, نام خانوادگی, उपनाम, कुलनाम, นามสกุล, họ, nama belakang, nama akhir,
        nama keluarga, jina la ukoo
    """,
    WHOLE_NAME: """
        name, names, full name, fullname, display name, contact name, customer name, real name, subscriber name,
        person, complete name, Vor- und Nachname, vollständiger Name, Vor- und Zuname, Anzeigename, Namen, nom
        complet, nom et prénom, prénom et nom, nom prénom, prénom nom, nom d'affichage, nombre completo, nombre y
        apellidos, nombre y apellido, apellidos y nombre, nombre para mostrar, nome completo, nome e cognome, cognome
        e nome, nome e sobrenome, nome visualizzato, naam, volledige naam, voor- en achternaam, weergavenaam, imię i
        nazwisko, nazwisko i imię, pełne imię i nazwisko, namn, fullständigt namn, för- och efternamn, visningsnamn,
        navn, fulde navn, fullt navn, for- og efternavn, for- og etternavn, nimi, koko nimi, nafn, fullt nafn, ФИО,
        полное имя, имя и фамилия, фамилия и имя, имя фамилия, фамилия имя, фамилия имя отчество, ПІБ, повне ім'я,
        ім'я та прізвище, име и фамилия, celé jméno, jméno a příjmení, příjmení a jméno, meno a priezvisko, celé meno,
        név, teljes név, nume, nume complet, nume și prenume, ime i prezime, ime in priimek, puno ime, täisnimi, vārds
        uzvārds, vardas pavardė, ad soyad, adı soyadı, isim soyisim, tam ad, ad ve soyad, ονοματεπώνυμο, πλήρες όνομα,
        nom i cognoms, 氏名, 名前, お名前, 姓名, 全名, フルネーム, ご氏名, 성명, 성함, 전체 이름, 이름(성명), الاسم, الاسم الكامل, שם מלא, שם, نام
        کامل, نام و نام خانوادگی, नाम, पूरा नाम, ชื่อ-นามสกุล, ชื่อ นามสกุล, họ và tên, họ tên, tên đầy đủ, nama, nama
        lengkap, nama penuh, jina kamili, 名稱, 中文姓名, display as, file as, formatted name, name to display, public name,
        angezeigter Name, Speichern unter, Ablegen unter, nom affiché, nom à afficher, nombre mostrado, nombre visible,
        guardar como, nome de exibição, nome a apresentar, nome da visualizzare, nome visibile, weergegeven naam,
        getoonde naam, nazwa wyświetlana, wyświetlana nazwa, visningsnavn, näyttönimi, zobrazované jméno, zobrazené meno,
        megjelenítendő név, megjelenített név, nume afișat, prikazano ime, görünen ad, görünen isim, εμφανιζόμενο όνομα,
        отображаемое имя, экранное имя, відображуване ім'я, показвано име, 表示名, 显示名, 显示名称, 顯示名稱, 표시 이름, 표시명,
        الاسم المعروض, שם תצוגה, nama tampilan, tên hiển thị, ชื่อที่แสดง
    """,
    USER_ID: "user id, external id",
    MOBILE: """
        mobile, mobiles, mobile number, mobile no, mobile nr, mobile phone, mobile phone number, mobile
        telephone, phone, phones, phone number, phone numbers, phone no, phone nr, phone mobile, phone 1
        value, contact phone, primary phone, primary phone number, telephone, telephone number, telephone no,
        tel, tel no, tel nr, tel number, cell, cellphone, cell phone number, cell number, cell no, cellular,
        cellular phone, sms, sms number, sms phone number, whatsapp, whatsapp number, whatsapp phone number,
        msisdn, Telefon, Telefonnummer, Telefonnr, Telefonnummern, Tel Nummer, Rufnummer, Rufnr, mobil,
        Mobilnummer, Mobilnr, Mobiltelefon, Mobiltelefonnummer, Mobilfunknummer, Mobilfunk, Mobilrufnummer,
        Handy, Handynummer, Handynr, Natel, Natelnummer, téléphone portable, téléphone mobile, téléphone
        cellulaire, portable, cellulaire, numéro de téléphone, n° de téléphone, n° téléphone, n° tél, no de
        téléphone, num tél, num téléphone, numéro téléphone, numéro de portable, n° de portable, n° portable,
        numéro portable, numéro de mobile, numéro mobile, numéro de téléphone portable, numéro de téléphone
        mobile, numéro de cellulaire, teléfono, teléfonos, teléfono móvil, teléfono celular, móvil, número de
        teléfono, número teléfono, nº de teléfono, nº teléfono, número de móvil, número móvil, número de
        celular, número celular, número de teléfono móvil, celular, celulares, fono, telèfon mòbil, número de
        telèfon, telefono mugikorra, mugikorra, telefonoa, telefone, telefones, telefone celular, telefone
        móvel, telemóvel, número de telefone, número telefone, nº de telefone, nº telefone, número de
        telemóvel, nº de telemóvel, nº celular, cellulare, telefono cellulare, telefono mobile, numero di
        telefono, n telefono, n. di telefono, numero di cellulare, numero cellulare, n. cellulare, recapito
        telefonico, numero telefonico, telefoon, telefoonnummer, telefoonnr, mobiele telefoon, mobiel, mobiel
        nummer, mobiele nummer, mobiele telefoonnummer, mobieltje, gsm, gsm nummer, gsm nr, gsm number,
        telefon komórkowy, komórka, numer telefonu, nr telefonu, nr tel, numer tel, numer komórkowy, numer
        komórki, nr komórki, telefony, tlf, tlf nr, mobiltlf, matkapuhelin, matkapuhelinnumero, puhelin,
        puhelinnumero, puhelinnro, puh, kännykkä, gsm numero, sími, símanúmer, farsími, farsímanúmer, gsm
        númer, гсм, телефон, телефоны, номер телефона, номер тел, тел, тел номер, мобильный телефон,
        мобильный, мобильный номер, номер мобильного, номер мобильного телефона, моб тел, моб телефон,
        сотовый, сотовый телефон, контактный телефон, мобільний телефон, мобільний, мобільний номер, номер
        телефону, номер мобільного, номер мобільного телефону, контактний телефон, телефонен номер, мобилен
        телефон, мобилен, мобилен номер, број телефона, мобилни телефон, мобилни, број мобилног, телефонски
        број, мобилен број, mobilní telefon, mobilní číslo, telefonní číslo, číslo telefonu, číslo mobilu, tel
        číslo, mobilný telefón, mobilné číslo, telefónne číslo, mobilszám, mobiltelefonszám, telefonszám,
        număr de telefon, numar telefon, nr de telefon, nr telefon, număr de mobil, număr mobil, telefon
        celular, mobitel, broj mobitela, broj mobitelja, broj telefona, telefonski broj, mobilni, broj
        mobilnog, mobilni broj, mobilnik, mobilni številka, telefonska številka, številka telefona, številka
        mobitela, gsm številka, telefoninumber, mobiil, mobiiltelefon, mobiilinumber, tālrunis, tālruņa
        numurs, tālr, mobilais tālrunis, mobilais, mobilā tālruņa numurs, telefonas, telefono numeris,
        mobilusis, mobilusis telefonas, mobilaus telefono numeris, cep telefonu, cep, cep tel, cep no, cep
        numarası, cep telefonu numarası, telefon numarası, telefon no, telefonunuz, gsm no, gsm numarası,
        κινητό, κινητό τηλέφωνο, τηλέφωνο, τηλ, τηλέφωνο κινητό, αριθμός τηλεφώνου, αριθμός κινητού, guthán,
        uimhir ghutháin, uimhir fóin, ffôn, ffôn symudol, rhif ffôn, rhif ffôn symudol, 電話, 電話番号, お電話番号,
        ご連絡先電話番号, 連絡先電話番号, TEL番号, 携帯電話, 携帯, 携帯番号, 携帯電話番号, スマホ, モバイル, 手机, 手机号, 手机号码, 电话, 电话号码, 联系电话, 移动电话, 手機,
        手機號碼, 電話號碼, 聯絡電話, 行動電話, 行動電話號碼, 流動電話, 手提電話, 전화, 전화번호, 휴대폰, 휴대전화, 휴대폰 번호, 휴대전화번호, 핸드폰, 핸드폰 번호, 모바일,
        الهاتف, هاتف, رقم الهاتف, رقم هاتف, الجوال, جوال, رقم الجوال, رقم جوال, الموبايل, موبايل, رقم
        الموبايل, المحمول, الهاتف المحمول, رقم المحمول, الهاتف الجوال, رقم الهاتف المحمول, رقم الهاتف الجوال,
        هاتف محمول, טלפון, מספר טלפון, טלפון נייד, נייד, מספר נייד, מס' נייד, מס' טלפון, סלולרי, טלפון סלולרי,
        تلفن, تلفن همراه, شماره تلفن, شماره تماس, شماره موبایل, موبایل, شماره همراه, شماره تلفن همراه, फ़ोन,
        फ़ोन नंबर, मोबाइल, मोबाइल नंबर, मोबाइल नं, दूरभाष, दूरभाष नंबर, มือถือ, โทรศัพท์, โทรศัพท์มือถือ,
        เบอร์โทร, เบอร์โทรศัพท์, เบอร์มือถือ, เบอร์โทรศัพท์มือถือ, หมายเลขโทรศัพท์, หมายเลขโทรศัพท์มือถือ,
        điện thoại, số điện thoại, sđt, số đt, điện thoại di động, di động, số di động, số điện thoại di động,
        telepon, nomor telepon, no telepon, no telp, nomor telp, telp, ponsel, nomor ponsel, no ponsel, nomor
        hp, no hp, handphone, nomor handphone, no handphone, telefon bimbit, no telefon, nombor telefon, no
        telefon bimbit, nombor telefon bimbit, simu, namba ya simu, simu ya mkononi
    """,
}

# Words for a first name that also stand for the whole name where there is no column for the last.
ALSO_WHOLE = """
    nombre, nome, имя, ім'я, име, jméno, meno, imię, ime, ad, adı, isim, όνομα, 이름, نام, ชื่อ, tên, ainm, izena,
    vārds, vardas, 名字
"""
# Words for a last name that also stand for the whole name where there is no column for the first.
ALSO_WHOLE_LAST = "nom"

# Words around these: which of several columns of an attribute is meant first, and which last.
PRIMARY = """
    primary, main, preferred, default, principal, principale, haupt, primario, primaria, primaire, hoofd, primär,
    ensisijainen, основной, основная, główny, 1, i, 主要, 代表
"""
NEUTRAL = """
    work, business, contact, customer, client, billing, personal, private, home, user, account, subscriber, member,
    owner, attendee, guest, participant, registrant, recipient, student, buyer, purchaser, payer, donor, supporter,
    lead, person, people, profile, login, company, from, your, my, value, wert, valeur, valor, internet, smtp, pref,
    field, fields, column, string, text, address, adresse, dirección, indirizzo, adres, endereço, adresă, what, whats,
    is, s, the, please, enter, provide, give, tell, us, me, share, in, here, leave, best, to, reach, you, at, can, we,
    have, for, a, an, and, of, quel, quelle, est, votre, ton, ta, wie, lautet, ist, ihre, ihr, deine, dein, bitte,
    geben, sie, gib, cuál, cual, es, tu, su, tus, qual, seu, sua, o, il, tuo, la, tua, wat, je, uw, jouw, podaj, swój,
    din, ditt, укажите, ваш, ваша, ваше, ваши, geschäftlich, privat, privée, professionnel, professionnelle, laboral,
    trabajo, lavoro, commerciale, zakelijk, privé, служебный, рабочий, личный, служебная, рабочая, личная, required,
    obligatoire, pflichtfeld, requis, gescheiden, internal, order, ticket, employee, employer, staff, sender, reply,
    applicant, candidate, author, respondent, response, survey, form, collector, wp, wordpress, paypal, stripe, shop,
    store, kunden, kunde, klant
"""
# Of those around a name, what makes it the name of no person.
NO_PERSON = """
    company, shop, store, survey, form, order, ticket, user, account, login, profile, field, fields, business, work,
    response, collector, wp, wordpress, paypal, stripe, column, internet, smtp, employer, text, string, address,
    internal
"""
# Objects that hold the person's attributes, as in `merge_fields.FNAME`.
CONTAINERS = """
    attributes, attribute, properties, property, traits, fields, field, merge fields, custom attributes, data, details,
    info, person, people, profile, user, contact, subscriber, customer, member, recipient, account, attendee, billing,
    billing address, default address, personal, names, emails, email addresses
"""
SECONDARY = """
    secondary, alternate, alternative, alternatives, other, others, additional, backup, second, third, 2, 3, 4, 5, 6,
    ii, iii, shipping, recovery, old, previous, andere, autre, otro, otra, altro, altra, zusätzlich, secundario,
    secondaire, secondario, дополнительный, дополнительная, assistant, assistants, manager, managers, spouse, partner,
    parent, referrer, referral, friend, cc, bcc, ship, receiver, seller, organizer, host, emergency, school, to
"""
